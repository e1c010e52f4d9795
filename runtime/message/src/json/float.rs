//! Floats as Python's `repr` shows them.

use std::fmt::Write;

/// Writes the shortest digits that read back as the same float: positional from 1e-4 to below 1e16, else with an
/// exponent of at least two digits; `NaN` and `Infinity` for what JSON has no word for.
pub(super) fn write_float(out: &mut String, float: f64) {
    let magnitude = float.abs();
    if float.is_nan() {
        return out.push_str("NaN");
    }
    if float.is_sign_negative() {
        out.push('-');
    }
    if float.is_infinite() {
        return out.push_str("Infinity");
    }
    // Rust finds the same digits in both of its forms, but puts the point and the exponent elsewhere than Python.
    if magnitude == 0.0 || (1e-4..1e16).contains(&magnitude) {
        write!(out, "{magnitude:?}")
    } else {
        let shortest = format!("{magnitude:e}");
        let (digits, exponent) = shortest.split_once('e').expect("{:e} writes an exponent");
        let (sign, exponent) = exponent
            .strip_prefix('-')
            .map_or(('+', exponent), |exponent| ('-', exponent));
        write!(out, "{digits}e{sign}{exponent:0>2}")
    }
    .expect("a String takes every write");
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
