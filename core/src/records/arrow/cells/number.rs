//! Numbers, with every digit they have.

use std::fmt::Write as _;

use arrow_array::types::{ArrowPrimitiveType, Float16Type};
use arrow_buffer::{ArrowNativeType, i256};
use arrow_data::ArrayData;
use serde::Serialize;

use super::{Bad, Write, buffer, each, write_json};

pub(super) fn whole<T: ArrowNativeType + Serialize>(data: &ArrayData) -> Write<'_> {
    let numbers = buffer::<T>(data, 0);
    each(|row, out| {
        write_json(&numbers[row], out);
        Ok(())
    })
}

pub(super) fn float<T: ArrowNativeType + Into<f64> + Serialize>(data: &ArrayData) -> Write<'_> {
    let numbers = buffer::<T>(data, 0);
    each(|row, out| write_float(numbers[row], out))
}

pub(super) fn half(data: &ArrayData) -> Write<'_> {
    let numbers = buffer::<<Float16Type as ArrowPrimitiveType>::Native>(data, 0);
    each(|row, out| write_float(numbers[row].to_f32(), out))
}

/// Whole numbers without the point, as the server writes them: a frame turns whole numbers into floats where some are
/// missing.
fn write_float<T: Into<f64> + Serialize + Copy>(number: T, out: &mut Vec<u8>) -> Result<(), Bad> {
    let double: f64 = number.into();
    if !double.is_finite() {
        return Err(Bad::new(format!("It is {double}, which no column can hold.")));
    }
    #[expect(clippy::cast_possible_truncation, reason = "whole and small enough to be exact")]
    if double.fract() == 0.0 && double.abs() < 9.0e15 && (double != 0.0 || double.is_sign_positive()) {
        write_json(&(double as i64), out);
    } else {
        write_json(&number, out);
    }
    Ok(())
}

pub(super) fn decimal<T: ArrowNativeType + ToString>(data: &ArrayData, scale: i8) -> Write<'_> {
    let numbers = buffer::<T>(data, 0);
    each(move |row, out| {
        write_decimal(&numbers[row].to_string(), scale, out);
        Ok(())
    })
}

pub(super) fn long_decimal(data: &ArrayData, scale: i8) -> Write<'_> {
    let numbers = buffer::<i256>(data, 0);
    each(move |row, out| {
        write_decimal(&digits(numbers[row]), scale, out);
        Ok(())
    })
}

/// Appends a whole number with its point moved to the left, or with zeros where `scale` is below zero.
fn write_decimal(number: &str, scale: i8, out: &mut Vec<u8>) {
    let digits = match number.strip_prefix('-') {
        Some(digits) => {
            out.push(b'-');
            digits.as_bytes()
        }
        None => number.as_bytes(),
    };
    let places = usize::from(scale.unsigned_abs());
    if scale <= 0 {
        out.extend_from_slice(digits);
        if digits != b"0" {
            out.resize(out.len() + places, b'0');
        }
        return;
    }
    let point = digits.len().saturating_sub(places);
    out.extend_from_slice(if point == 0 { b"0" } else { &digits[..point] });
    out.push(b'.');
    out.resize(out.len() + places.saturating_sub(digits.len()), b'0');
    out.extend_from_slice(&digits[point..]);
}

/// Division by hand: what the Arrow project does for this brings a library for numbers of any size along.
fn digits(number: i256) -> String {
    /// The largest power of ten in 64 bits.
    const CHUNK: u64 = 10_000_000_000_000_000_000;
    let negative = number < i256::ZERO;
    let bytes = number.wrapping_abs().to_le_bytes();
    let mut limbs = [0_u64; 4];
    for (limb, bytes) in limbs.iter_mut().zip(bytes.as_chunks().0) {
        *limb = u64::from_le_bytes(*bytes);
    }
    let mut chunks = Vec::new();
    while limbs.iter().any(|limb| *limb != 0) {
        let mut rest = 0_u64;
        for limb in limbs.iter_mut().rev() {
            let part = (u128::from(rest) << 64) | u128::from(*limb);
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a quotient below 2^64, as the rest is below the divisor"
            )]
            let (quotient, left) = ((part / u128::from(CHUNK)) as u64, (part % u128::from(CHUNK)) as u64);
            (*limb, rest) = (quotient, left);
        }
        chunks.push(rest);
    }
    let mut text = String::new();
    if negative {
        text.push('-');
    }
    // Writing into memory cannot fail.
    let _ = write!(text, "{}", chunks.pop().unwrap_or(0));
    for chunk in chunks.iter().rev() {
        let _ = write!(text, "{chunk:019}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_have_all_their_digits() {
        for text in [
            "0",
            "-1",
            "10000000000000000000",
            "-100000000000000000000000000000000000001",
            "57896044618658097711785492504343953926634992332820282019728792003956564819967",
            "-57896044618658097711785492504343953926634992332820282019728792003956564819968",
        ] {
            assert_eq!(digits(i256::from_string(text).expect("a number")), text);
        }
    }

    #[test]
    fn the_point_moves_both_ways() {
        for (number, scale, expected) in [
            ("12345", 2, "123.45"),
            ("-5", 2, "-0.05"),
            ("0", 2, "0.00"),
            ("123", 3, "0.123"),
            ("7", 0, "7"),
            ("-7", -2, "-700"),
            ("0", -2, "0"),
        ] {
            let mut out = Vec::new();
            write_decimal(number, scale, &mut out);
            assert_eq!(String::from_utf8(out).expect("ASCII"), expected);
        }
    }
}
