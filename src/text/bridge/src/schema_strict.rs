//! What llguidance leaves open in a JSON schema and the reader of the answer does not: leap seconds and
//! days in `format`, and decimals that are above an exclusive bound as they are written, yet equal to it
//! once they are read as doubles.
use serde_json::{json, Map, Value};

// Years that are not 0000; of those, the leap years' 29th of February (RFC 3339, 5.7 and appendix C).
const DATE: &str = concat!(
    "^(?:[0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)-",
    "(?:(?:0[13-9]|1[0-2])-|02-(?:[01]|2[0-8]))",
    "|^(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)-02-29",
);
const TIME: &str = "^[^:]*:[0-9]{2}:[0-5]";

/// Of exclusive bounds. Around zero doubles are so dense that no sensible text is read as zero.
const BOUNDS: std::ops::Range<f64> = 1e-6..1e15;

/// Keywords whose value is a schema, or a list of schemas.
const SCHEMAS: [&str; 14] = [
    "items",
    "prefixItems",
    "additionalItems",
    "additionalProperties",
    "unevaluatedProperties",
    "contains",
    "propertyNames",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
];
/// Keywords whose value holds schemas by name.
const NAMED_SCHEMAS: [&str; 5] = [
    "properties",
    "patternProperties",
    "$defs",
    "definitions",
    "dependentSchemas",
];

pub fn tighten(schema: &mut Value) {
    match schema {
        Value::Array(list) => list.iter_mut().for_each(tighten),
        Value::Object(members) => {
            for key in SCHEMAS {
                if let Some(value) = members.get_mut(key) {
                    tighten(value);
                }
            }
            for key in NAMED_SCHEMAS {
                if let Some(Value::Object(named)) = members.get_mut(key) {
                    named.values_mut().for_each(tighten);
                }
            }
            tighten_format(members);
            tighten_bound(members, "exclusiveMinimum", "minimum", f64::max, next_up);
            tighten_bound(members, "exclusiveMaximum", "maximum", f64::min, next_down);
        }
        _ => {}
    }
}

fn tighten_format(members: &mut Map<String, Value>) {
    let patterns: &[&str] = match members.get("format").and_then(Value::as_str) {
        Some("date") => &[DATE],
        Some("date-time") => &[DATE, TIME],
        Some("time") => &[TIME],
        _ => return,
    };
    let parts = patterns.iter().map(|pattern| json!({ "pattern": pattern }));
    match members.entry("allOf").or_insert_with(|| json!([])) {
        Value::Array(all) => all.extend(parts),
        _ => (), // llguidance says what is wrong with it
    }
}

// Any decimal from the shortest text of the next double on is read as that double or one beyond it.
fn tighten_bound(
    members: &mut Map<String, Value>,
    exclusive: &str,
    inclusive: &str,
    stricter: fn(f64, f64) -> f64,
    next: fn(f64) -> f64,
) {
    let is_integer = members.get("type").and_then(Value::as_str) == Some("integer");
    let bound = members.get(exclusive).and_then(Value::as_f64);
    let Some(bound) = bound.filter(|bound| !is_integer && BOUNDS.contains(&bound.abs())) else {
        return;
    };
    let mut limit = next(bound);
    if let Some(given) = members.get(inclusive).and_then(Value::as_f64) {
        limit = stricter(limit, given);
    }
    members.insert(inclusive.to_string(), json!(limit));
}

// Neither zero nor infinite.
fn next_up(value: f64) -> f64 {
    let bits = value.to_bits();
    f64::from_bits(if value > 0.0 { bits + 1 } else { bits - 1 })
}

fn next_down(value: f64) -> f64 {
    -next_up(-value)
}
