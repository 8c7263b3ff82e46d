//! A port as a number.
//!
//! Go: `net.parsePort`

use netfd::AddrError;

/// The port that `service` states in decimal digits; `None` if it is a name, for the system to look up.
///
/// Nothing at all means 0, and a sign may stand before the digits, or before none.
///
/// Go: `net.parsePort`
///
/// Differs: Go's 32-bit count wraps round, so that it reads 4294967300 as port 4; here every number past 65535 is
/// refused.
#[doc(alias = "parsePort")]
pub(crate) fn parse_port(service: &str) -> Result<Option<u16>, AddrError> {
    let digits = service.strip_prefix(['+', '-']).unwrap_or(service);
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(None);
    }
    let significant = digits.trim_start_matches('0');
    match significant.parse() {
        _ if significant.is_empty() => Ok(Some(0)),
        Ok(port) if !service.starts_with('-') => Ok(Some(port)),
        _ => Err(AddrError::new("invalid port", service)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn digits_are_a_port() {
        for (service, port) in [("80", 80), ("65535", 65_535), ("00080", 80), ("+80", 80)] {
            assert_eq!(parse_port(service), Ok(Some(port)));
        }
    }

    #[test]
    fn nothing_and_every_zero_mean_port_0() {
        for service in ["", "0", "000", "+", "-", "-0", "+0"] {
            assert_eq!(parse_port(service), Ok(Some(0)));
        }
    }

    #[test]
    fn a_number_out_of_range_is_refused_with_the_number() {
        for service in ["65536", "99999", "-1", "-65535", "4294967296", "4294967300", "99999999999999999999"]
        {
            let error = parse_port(service).unwrap_err();
            assert_eq!(error.to_string(), format!("address {service}: invalid port"));
        }
    }

    #[test]
    fn anything_else_is_a_name() {
        for service in ["http", "0x50", "1e3", " 80", "80 ", "8０", "--1", "+-1", "80/tcp"] {
            assert_eq!(parse_port(service), Ok(None));
        }
    }

    proptest! {
        #[test]
        fn every_port_is_read_back(port: u16) {
            prop_assert_eq!(parse_port(&port.to_string()), Ok(Some(port)));
        }

        #[test]
        fn a_number_is_a_port_exactly_if_it_fits(number: i64) {
            let port = u16::try_from(number).ok();
            prop_assert_eq!(parse_port(&number.to_string()).ok(), port.map(Some));
        }

        #[test]
        fn no_text_makes_it_panic(service in ".*") {
            let _ = parse_port(&service);
        }
    }
}
