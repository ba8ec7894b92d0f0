//! What Python does and a template can see: `json.dumps`, and `time.strftime`.

use std::fmt::Write;

use minijinja::value::{Kwargs, Value, ValueKind};
use minijinja::{Error, ErrorKind};

/// Values nested deeper than this are refused: `json.dumps` gives up near Python's own limit.
const MAX_DEPTH: usize = 256;

struct JsonStyle {
    /// Spaces per level as text; none: everything on one line.
    indent: Option<String>,
    item_separator: String,
    key_separator: String,
    ensure_ascii: bool,
    sort_keys: bool,
}

/// `tojson` as `transformers` defines it: `json.dumps` with `ensure_ascii=False`, and no HTML
/// escapes, unlike Jinja's own filter.
pub fn tojson(value: &Value, options: Kwargs, max_bytes: usize) -> Result<String, Error> {
    let style = JsonStyle::from_kwargs(&options)?;
    options.assert_all_used()?;
    let mut json = JsonWriter {
        style,
        out: String::new(),
        max_bytes,
    };
    json.value(value, 0)?;
    Ok(json.out)
}

impl JsonStyle {
    fn from_kwargs(options: &Kwargs) -> Result<Self, Error> {
        let indent: Option<Value> = options.get("indent")?;
        let indent = match indent.filter(|i| !i.is_none()) {
            None => None,
            Some(spaces) => Some(match spaces.as_usize() {
                Some(count) if count <= 64 => " ".repeat(count),
                _ => match spaces.as_str() {
                    Some(text) if text.len() <= 64 => text.to_string(),
                    _ => return Err(bad("tojson: indent must be at most 64 spaces")),
                },
            }),
        };
        let separators: Option<Vec<String>> = options.get("separators")?;
        let (item_separator, key_separator) = match separators.as_deref() {
            Some([item, key]) => (item.clone(), key.clone()),
            Some(_) => return Err(bad("tojson: separators must be a pair")),
            None if indent.is_some() => (",".into(), ": ".into()),
            None => (", ".into(), ": ".into()),
        };
        Ok(JsonStyle {
            indent,
            item_separator,
            key_separator,
            ensure_ascii: options
                .get::<Option<bool>>("ensure_ascii")?
                .unwrap_or(false),
            sort_keys: options.get::<Option<bool>>("sort_keys")?.unwrap_or(false),
        })
    }
}

fn bad(message: &'static str) -> Error {
    Error::new(ErrorKind::InvalidOperation, message)
}

struct JsonWriter {
    style: JsonStyle,
    out: String,
    max_bytes: usize,
}

impl JsonWriter {
    fn value(&mut self, value: &Value, depth: usize) -> Result<(), Error> {
        if depth > MAX_DEPTH {
            return Err(bad("tojson: value is nested too deeply"));
        }
        if self.out.len() > self.max_bytes {
            return Err(Error::from(ErrorKind::OutOfFuel));
        }
        match value.kind() {
            ValueKind::String => self.string(value.as_str().unwrap_or_default()),
            ValueKind::Seq | ValueKind::Iterable => self.list(value, depth)?,
            ValueKind::Map => self.map(value, depth)?,
            _ => match scalar(value) {
                Some(text) => self.out.push_str(&text),
                None => {
                    let message = format!("{} is not JSON serializable", value.kind());
                    return Err(Error::new(ErrorKind::BadSerialization, message));
                }
            },
        }
        Ok(())
    }

    fn list(&mut self, value: &Value, depth: usize) -> Result<(), Error> {
        self.out.push('[');
        let mut empty = true;
        for item in value.try_iter()? {
            self.next_item(&mut empty, depth);
            self.value(&item, depth + 1)?;
        }
        self.close(']', empty, depth);
        Ok(())
    }

    fn map(&mut self, value: &Value, depth: usize) -> Result<(), Error> {
        let mut keys: Vec<Value> = value.try_iter()?.collect();
        if self.style.sort_keys {
            keys.sort();
        }
        self.out.push('{');
        let mut empty = true;
        for key in keys {
            self.next_item(&mut empty, depth);
            match key.as_str() {
                Some(text) => self.string(text),
                None => {
                    let text = scalar(&key).ok_or_else(|| bad("tojson: bad key"))?;
                    self.string(&text);
                }
            }
            self.out.push_str(&self.style.key_separator.clone());
            self.value(&value.get_item(&key)?, depth + 1)?;
        }
        self.close('}', empty, depth);
        Ok(())
    }

    fn next_item(&mut self, first: &mut bool, depth: usize) {
        if !std::mem::replace(first, false) {
            self.out.push_str(&self.style.item_separator);
        }
        self.new_line(depth + 1);
    }

    fn close(&mut self, bracket: char, empty: bool, depth: usize) {
        if !empty {
            self.new_line(depth);
        }
        self.out.push(bracket);
    }

    fn new_line(&mut self, depth: usize) {
        if let Some(indent) = &self.style.indent {
            self.out.push('\n');
            (0..depth).for_each(|_| self.out.push_str(indent));
        }
    }

    fn string(&mut self, text: &str) {
        self.out.push('"');
        for c in text.chars() {
            match c {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                '\u{8}' => self.out.push_str("\\b"),
                '\u{c}' => self.out.push_str("\\f"),
                c if c < ' ' || (self.style.ensure_ascii && !c.is_ascii()) => self.escape(c),
                c => self.out.push(c),
            }
        }
        self.out.push('"');
    }

    fn escape(&mut self, c: char) {
        let mut units = [0u16; 2];
        for unit in c.encode_utf16(&mut units) {
            let _ = write!(self.out, "\\u{unit:04x}");
        }
    }
}

/// `null`, booleans and numbers as `json.dumps` writes them.
fn scalar(value: &Value) -> Option<String> {
    match value.kind() {
        ValueKind::None => Some("null".into()),
        ValueKind::Bool => Some(if value.is_true() { "true" } else { "false" }.into()),
        ValueKind::Number if value.is_integer() => Some(value.to_string()),
        ValueKind::Number => f64::try_from(value.clone()).ok().map(float_repr),
        _ => None,
    }
}

/// Python's `repr(float)`: the shortest digits, an exponent of at least two digits outside
/// [1e-4, 1e16).
fn float_repr(x: f64) -> String {
    if x.is_nan() {
        return "NaN".into();
    }
    if x.is_infinite() {
        return if x > 0.0 { "Infinity" } else { "-Infinity" }.into();
    }
    let text = format!("{x:?}");
    match text.split_once('e') {
        None => text,
        Some((digits, exponent)) => {
            let exponent: i32 = exponent.parse().unwrap_or(0);
            let digits = digits.strip_suffix(".0").unwrap_or(digits);
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.abs())
        }
    }
}

/// `strftime_now(format)`: local time through the C library, as Python does.
pub fn strftime_now(format: &str) -> Result<String, Error> {
    // The mark in front tells an empty result from a failure.
    let format = std::ffi::CString::new(format!("|{format}"))
        .map_err(|_| bad("strftime_now: format has a zero byte"))?;
    let mut buffer = [0u8; 512];
    // SAFETY: all pointers are to live local values, and strftime is told the buffer's size.
    let written = unsafe {
        let now = libc::time(std::ptr::null_mut());
        let mut local: libc::tm = std::mem::zeroed();
        libc::localtime_r(&now, &mut local);
        libc::strftime(
            buffer.as_mut_ptr().cast(),
            buffer.len(),
            format.as_ptr(),
            &local,
        )
    };
    if written == 0 {
        return Err(bad("strftime_now: result is too long"));
    }
    Ok(String::from_utf8_lossy(&buffer[1..written]).into_owned())
}
