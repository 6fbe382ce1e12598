//! Text to tokens.

use std::ops::Range;

use super::slip::Slip;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Token<'a> {
    Number(f64),
    Name(&'a str),
    Symbol(&'static str),
    End,
}

/// Longest first, so that `<=` is not read as `<` and `=`.
const SYMBOLS: [&str; 14] = [
    "<=", ">=", "==", "!=", "<", ">", "+", "-", "*", "/", "^", "(", ")", ",",
];

pub(super) const AND: &str = "write if(a, b, 0) for 'a and b'";
pub(super) const OR: &str = "write max(a, b) for 'a or b'";

const MINUS: &str = "a difference is written with the hyphen, -";
const TIMES: &str = "a product is written with *";

/// Operators of other languages, and what to write here.
const FOREIGN: [(&str, &str); 17] = [
    ("**", "a power is written with ^"),
    ("&&", AND),
    ("||", OR),
    ("=", "equality is written =="),
    ("%", "a remainder is not part of the language"),
    // As papers and word processors print them.
    ("−", MINUS),
    ("–", MINUS),
    ("·", TIMES),
    ("⋅", TIMES),
    ("×", TIMES),
    ("÷", "a quotient is written with /"),
    ("≤", "at most is written <="),
    ("≥", "at least is written >="),
    ("≠", "what is not equal is written !="),
    ("[", "group with parentheses ( )"),
    ("{", "group with parentheses ( )"),
    ("!", "write if(a, 0, 1) for 'not a'"),
];

/// The tokens of `text` with their byte ranges; the last is `End`.
pub(super) fn tokens(text: &str) -> Result<Vec<(Token<'_>, Range<usize>)>, Slip> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let (token, length) = token(&text[at..], first).map_err(|slip| slip.moved(at))?;
        tokens.push((token, at..at + length));
        at += length;
    }
    tokens.push((Token::End, text.len()..text.len()));
    Ok(tokens)
}

fn token(rest: &str, first: char) -> Result<(Token<'_>, usize), Slip> {
    if first.is_alphabetic() || first == '_' {
        let length = rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        return Ok((Token::Name(&rest[..length]), length));
    }
    if first.is_ascii_digit() || first == '.' {
        return number(rest);
    }
    if let Some((foreign, advice)) = FOREIGN
        .iter()
        .find(|(f, _)| rest.starts_with(f) && !rest.starts_with("==") && !rest.starts_with("!="))
    {
        return Err(Slip::new(
            0..foreign.len(),
            format!("'{foreign}' is not an operator of formulas"),
        )
        .help(*advice));
    }
    match SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
        Some(symbol) => Ok((Token::Symbol(symbol), symbol.len())),
        None => Err(Slip::new(
            0..first.len_utf8(),
            format!("'{first}' has no meaning in a formula"),
        )),
    }
}

/// Digits with at most one point, then an exponent if digits follow the `e`.
fn number(rest: &str) -> Result<(Token<'_>, usize), Slip> {
    let digits = |from: usize| from + rest[from..].bytes().take_while(u8::is_ascii_digit).count();
    let mut end = digits(0);
    if rest[end..].starts_with('.') {
        end = digits(end + 1);
    }
    if rest[end..].starts_with(['e', 'E']) {
        let sign = usize::from(rest[end + 1..].starts_with(['+', '-']));
        let exponent = digits(end + 1 + sign);
        if exponent > end + 1 + sign {
            end = exponent;
        }
    }
    let stray = rest[end..]
        .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'))
        .unwrap_or(rest.len() - end);
    let written = &rest[..end + stray];
    match written.parse::<f64>() {
        Ok(value) if stray == 0 && value.is_finite() => Ok((Token::Number(value), end)),
        Ok(_) if stray == 0 => Err(Slip::new(
            0..end,
            format!("{written} is beyond the range of numbers"),
        )),
        _ => {
            let product = (end > 0
                && rest[end..].starts_with(char::is_alphabetic)
                && rest[..end].parse::<f64>().is_ok())
            .then(|| {
                format!(
                    "a product is written {} * {}",
                    &rest[..end],
                    &rest[end..end + stray]
                )
            });
            let slip = Slip::new(0..written.len(), format!("'{written}' is not a number"));
            Err(match product {
                Some(product) => slip.help(product),
                None => slip,
            })
        }
    }
}
