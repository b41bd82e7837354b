//! File names with wildcards, as glob(3) matches them in the locale `C`, byte by byte, which is what systemd does with
//! `EnvironmentFile=` (systemd/systemd: src/basic/glob-util.c, `safe_glob`; glob(7)).

/// Does a path have a character that glob(3) does not take for itself?
pub(crate) fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?', '[', '\\'])
}

/// Does the pattern match the whole path? Wildcards match no slash, and no dot at the start of a name.
pub(crate) fn matches(pattern: &str, path: &str) -> bool {
    let names =
        |path: &str| -> Vec<String> { path.split('/').filter(|name| !name.is_empty()).map(str::to_owned).collect() };
    let (patterns, names) = (names(pattern), names(path));
    patterns.len() == names.len()
        && patterns.iter().zip(&names).all(|(pattern, name)| is_match(pattern.as_bytes(), name.as_bytes()))
}

/// A part of a pattern.
enum Token {
    /// `*`
    Any,
    /// `?`
    One,
    /// `[…]` and `[!…]`
    Set {
        negated: bool,
        items: Vec<Item>,
    },
    Literal(u8),
}

/// Whether a byte is of a class.
type Class = fn(&u8) -> bool;

/// A part of a bracket expression.
enum Item {
    Range(u8, u8),
    /// `[:digit:]`
    Class(Class),
}

impl Token {
    /// Does it match one byte?
    fn is(&self, byte: u8) -> bool {
        match self {
            Self::Any | Self::One => true,
            Self::Set { negated, items } => {
                let is_in = |item: &Item| match item {
                    Item::Range(from, to) => (*from..=*to).contains(&byte),
                    Item::Class(class) => class(&byte),
                };
                items.iter().any(is_in) != *negated
            }
            Self::Literal(literal) => *literal == byte,
        }
    }
}

fn is_match(pattern: &[u8], name: &[u8]) -> bool {
    let Some(tokens) = tokens(pattern) else { return false };
    if name.first() == Some(&b'.') && !matches!(tokens.first(), Some(Token::Literal(b'.'))) {
        return false;
    }
    // The last `*`, and where in the name it ends so far.
    let mut star: Option<(usize, usize)> = None;
    let (mut token, mut byte) = (0, 0);
    while byte < name.len() {
        match tokens.get(token) {
            Some(Token::Any) => {
                star = Some((token, byte));
                token += 1;
            }
            Some(one) if one.is(name[byte]) => {
                token += 1;
                byte += 1;
            }
            _ => {
                let Some((at, end)) = star else { return false };
                star = Some((at, end + 1));
                token = at + 1;
                byte = end + 1;
            }
        }
    }
    tokens[token..].iter().all(|token| matches!(token, Token::Any))
}

/// `None` for a pattern that matches nothing: one that ends in a backslash.
fn tokens(mut pattern: &[u8]) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    while let Some((first, rest)) = pattern.split_first() {
        pattern = rest;
        tokens.push(match first {
            b'*' => Token::Any,
            b'?' => Token::One,
            b'\\' => {
                let (escaped, rest) = pattern.split_first()?;
                pattern = rest;
                Token::Literal(*escaped)
            }
            b'[' => match set(pattern) {
                Some((set, rest)) => {
                    pattern = rest;
                    set
                }
                None => Token::Literal(b'['),
            },
            literal => Token::Literal(*literal),
        });
    }
    Some(tokens)
}

/// A bracket expression after its `[`, and what follows it; `None` where nothing closes it.
fn set(mut rest: &[u8]) -> Option<(Token, &[u8])> {
    let negated = matches!(rest.first(), Some(b'!' | b'^'));
    rest = &rest[usize::from(negated)..];
    let mut items = Vec::new();
    let mut is_first = true;
    loop {
        let (byte, after) = rest.split_first()?;
        if *byte == b']' && !is_first {
            return Some((Token::Set { negated, items }, after));
        }
        is_first = false;
        if let Some((class, after)) = class(rest) {
            items.push(Item::Class(class));
            rest = after;
            continue;
        }
        let (from, after) = element(rest)?;
        rest = after;
        let to = rest.strip_prefix(b"-").filter(|end| end.first() != Some(&b']')).and_then(element);
        match to {
            Some((to, after)) => {
                items.push(Item::Range(from, to));
                rest = after;
            }
            None => items.push(Item::Range(from, from)),
        }
    }
}

/// One byte of a bracket expression, which a backslash may precede.
fn element(rest: &[u8]) -> Option<(u8, &[u8])> {
    let (byte, after) = rest.split_first()?;
    match byte {
        b'\\' => after.split_first().map(|(byte, after)| (*byte, after)),
        byte => Some((*byte, after)),
    }
}

/// A class such as `[:digit:]`, in the locale `C`.
fn class(rest: &[u8]) -> Option<(Class, &[u8])> {
    let inner = rest.strip_prefix(b"[:")?;
    let end = inner.windows(2).position(|two| two == b":]")?;
    let class: Class = match &inner[..end] {
        b"alnum" => u8::is_ascii_alphanumeric,
        b"alpha" => u8::is_ascii_alphabetic,
        b"blank" => |byte| matches!(byte, b' ' | b'\t'),
        b"cntrl" => u8::is_ascii_control,
        b"digit" => u8::is_ascii_digit,
        b"graph" => u8::is_ascii_graphic,
        b"lower" => u8::is_ascii_lowercase,
        b"print" => |byte| matches!(byte, b' '..=b'~'),
        b"punct" => u8::is_ascii_punctuation,
        b"space" => |byte| matches!(byte, b' ' | b'\t'..=b'\r'),
        b"upper" => u8::is_ascii_uppercase,
        b"xdigit" => u8::is_ascii_hexdigit,
        _ => return None,
    };
    Some((class, &inner[end + 2..]))
}
