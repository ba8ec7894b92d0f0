//! What a grammar would cost to compile, estimated before it is compiled.
//!
//! llguidance bounds the work per lexeme, not the number of lexemes, and compares rules with each
//! other: some schemas of a few bytes take minutes (`minItems` of a billion is a billion rules). The
//! weights below were measured; a schema at the limit compiles in half a second.

use serde_json::Value;

use crate::abi::{Failure, Outcome};

/// In units of one optional property, of which a thousand compile in 0.3 s.
const MAX_COST: u64 = 1000;
const PATTERN_PROPERTY: u64 = 20;
/// As many items of an array, or values of an enum, as one property costs.
const ITEMS_PER_UNIT: u64 = 15;
const VALUES_PER_UNIT: u64 = 15;
const ALTERNATIVES_PER_UNIT: u64 = 5;
/// A number's remainder is counted by a state for each; where schemas meet, by the least common
/// multiple.
const MULTIPLES_PER_UNIT: u64 = 10;
/// Of regular expressions and Lark grammars.
const MAX_SOURCE_BYTES: usize = 64 << 10;

fn length(value: Option<&Value>) -> u64 {
    match value {
        Some(Value::Object(members)) => members.len() as u64,
        Some(Value::Array(items)) => items.len() as u64,
        _ => 0,
    }
}

fn number(value: Option<&Value>) -> f64 {
    value.and_then(Value::as_f64).unwrap_or(0.0).max(0.0)
}

/// What the engine counts with: 0.25 as 25.
fn multiple_of(value: Option<&Value>) -> u64 {
    let mut multiple = number(value);
    for _ in 0..20 {
        if multiple == multiple.trunc() {
            break;
        }
        multiple *= 10.0;
    }
    (multiple as u64).max(1)
}

fn least_common_multiple(left: u64, right: u64) -> u64 {
    let (mut divisor, mut rest) = (left, right);
    while rest != 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    (left / divisor).saturating_mul(right)
}

fn cost_of_object(schema: &serde_json::Map<String, Value>) -> u64 {
    let items = number(schema.get("minItems")).max(number(schema.get("maxItems")));
    length(schema.get("properties"))
        .saturating_add(PATTERN_PROPERTY * length(schema.get("patternProperties")))
        .saturating_add(length(schema.get("enum")) / VALUES_PER_UNIT)
        .saturating_add(length(schema.get("prefixItems")) / ITEMS_PER_UNIT)
        .saturating_add(length(schema.get("anyOf")) / ALTERNATIVES_PER_UNIT)
        .saturating_add(length(schema.get("oneOf")) / ALTERNATIVES_PER_UNIT)
        .saturating_add(length(schema.get("allOf")) / ALTERNATIVES_PER_UNIT)
        .saturating_add((items as u64) / ITEMS_PER_UNIT)
}

/// Walks all of the schema, definitions and what is no schema included: an estimate from above.
pub fn check_schema(schema: &Value) -> Outcome<()> {
    let mut cost: u64 = 0;
    let mut multiple: u64 = 1;
    let mut open = vec![schema];
    while let Some(value) = open.pop() {
        match value {
            Value::Array(items) => open.extend(items),
            Value::Object(members) => {
                cost = cost.saturating_add(cost_of_object(members));
                multiple = least_common_multiple(multiple, multiple_of(members.get("multipleOf")));
                open.extend(members.values());
            }
            _ => {}
        }
    }
    cost = cost.saturating_add(multiple / MULTIPLES_PER_UNIT);
    if cost > MAX_COST {
        return Err(Failure::exhausted(format!(
            "the schema costs about as much as {cost} properties; at most {MAX_COST} can be compiled"
        )));
    }
    Ok(())
}

pub fn check_source(source: &str) -> Outcome<()> {
    if source.len() > MAX_SOURCE_BYTES {
        return Err(Failure::exhausted(format!(
            "the grammar has {} bytes; the limit is {MAX_SOURCE_BYTES}",
            source.len()
        )));
    }
    Ok(())
}
