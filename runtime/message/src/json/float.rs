//! Floats as Python's `repr` shows them.

use std::fmt::Write;

/// Writes the shortest digits that read back as the same float: positional from 1e-4 to below 1e16, else with an
/// exponent of at least two digits; `NaN` and `Infinity` for what JSON has no word for.
pub(super) fn write_float(out: &mut String, float: f64) {
    if float.is_nan() {
        return out.push_str("NaN");
    }
    if float.is_sign_negative() {
        out.push('-');
    }
    if float.is_infinite() {
        return out.push_str("Infinity");
    }
    let scientific = shortest(float.abs());
    let (digits, exponent) = scientific.split_once('e').expect("{:e} writes an exponent");
    let exponent: i32 = exponent.parse().expect("an exponent is a small integer");
    if (-4..16).contains(&exponent) {
        return write_positional(out, &digits.replace('.', ""), exponent);
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    let exponent = exponent.unsigned_abs();
    write!(out, "{digits}e{sign}{exponent:02}").expect("a String takes every write");
}

/// `digits` with the point behind the first one moved by `exponent` places.
fn write_positional(out: &mut String, digits: &str, exponent: i32) {
    let Ok(last_before_point) = usize::try_from(exponent) else {
        out.push_str("0.");
        out.extend((1..exponent.unsigned_abs()).map(|_| '0'));
        return out.push_str(digits);
    };
    let before = last_before_point + 1;
    match digits.split_at_checked(before) {
        Some((whole, fraction)) if !fraction.is_empty() => out.extend([whole, ".", fraction]),
        _ => {
            out.push_str(digits);
            out.extend((digits.len()..before).map(|_| '0'));
            out.push_str(".0");
        }
    }
}

/// The digits in scientific form, `d.ddde-x`.
///
/// Where two shortest forms are equally near, Rust takes the greater and Python the even one. That needs two forms of
/// one length within one float's reach, so 16 digits and a point at least.
fn shortest(float: f64) -> String {
    let shortest = format!("{float:e}");
    let digits = shortest.find('e').expect("{:e} writes an exponent");
    if digits <= 16 {
        return shortest;
    }
    let even = format!("{float:.*e}", digits - 2);
    if even.parse() == Ok(float) { even } else { shortest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_point_and_the_exponent_stand_where_python_puts_them() {
        for (float, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (-1.5, "-1.5"),
            (0.1, "0.1"),
            (0.0001, "0.0001"),
            (0.000_099_9, "9.99e-05"),
            (1e-5, "1e-05"),
            (123_456_789_012_345.6, "123456789012345.6"),
            (9_999_999_999_999_998.0, "9999999999999998.0"),
            (1e16, "1e+16"),
            (1.5e16, "1.5e+16"),
            (1e100, "1e+100"),
            (1e15, "1000000000000000.0"),
            (100.0, "100.0"),
            (0.012, "0.012"),
            (12.5, "12.5"),
            // Halfway between two shortest forms.
            (2f64.powi(-25), "2.9802322387695312e-08"),
            (9e6 + 2f64.powi(-10), "9000000.000976562"),
            (f64::MAX, "1.7976931348623157e+308"),
            (5e-324, "5e-324"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
            (-f64::NAN, "NaN"),
        ] {
            let mut out = String::new();
            write_float(&mut out, float);
            assert_eq!(out, text);
        }
    }
}
