//! The few shapes a chart is made of.

use std::fmt::Write as _;

/// Colours for light and dark pages. The ground is whatever the page has.
const STYLE: &str = "text{font:13px system-ui,-apple-system,'Segoe UI',sans-serif;fill:#24292f}\
.title{font-size:16px;font-weight:600}.case{font-weight:600}.soft{fill:#57606a}.end{text-anchor:end}\
.middle{text-anchor:middle}.grid{stroke:#8c959f;stroke-opacity:.3}.whisker{stroke:#24292f;stroke-opacity:.65;stroke-width:1.5}\
.bar{fill:#3b6fd4}.out{fill:#d4573b}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.soft{fill:#9da7b3}.grid{stroke:#8b949e}.whisker{stroke:#e6edf3}\
.bar{fill:#6c9bf5}.out{fill:#f2826a}}";

/// A picture in the making. Coordinates are pixels from the upper left corner.
#[derive(Debug, Default)]
pub(super) struct Svg(String);

impl Svg {
    pub(super) fn text(&mut self, x: f64, y: f64, class: &str, text: &str) {
        let text = escaped(text);
        self.add(&format!(
            r#"<text x="{x:.1}" y="{y:.1}" class="{class}">{text}</text>"#
        ));
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), class: &str) {
        let ((x1, y1), (x2, y2)) = (from, to);
        self.add(&format!(
            r#"<line x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}" class="{class}"/>"#
        ));
    }

    /// A bar to the right of `x`; `says` is shown where the mouse points.
    pub(super) fn bar(&mut self, x: f64, y: f64, size: (f64, f64), class: &str, says: &str) {
        let ((width, height), says) = (size, escaped(says));
        self.add(&format!(
            r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" rx="2" class="{class}"><title>{says}</title></rect>"#
        ));
    }

    /// The whole file; `title` is for those who cannot see it.
    pub(super) fn finish(self, width: f64, height: f64, title: &str) -> String {
        let title = escaped(title);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
             height=\"{height:.0}\" role=\"img\" aria-label=\"{title}\">\n<style>{STYLE}</style>\n{}</svg>\n",
            self.0
        )
    }

    fn add(&mut self, shape: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{shape}");
    }
}

fn escaped(text: &str) -> String {
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    text.replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_stays_text() {
        let mut svg = Svg::default();
        svg.text(1.0, 2.0, "soft", "<a> & \"b\"");
        let svg = svg.finish(10.0, 20.0, "\"");
        assert!(svg.contains("&lt;a&gt; &amp; &quot;b&quot;</text>"), "{svg}");
        assert!(svg.contains("viewBox=\"0 0 10 20\"") && svg.contains("aria-label=\"&quot;\""));
    }
}
