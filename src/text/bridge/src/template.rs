//! Chat templates: Jinja as `transformers` configures it, under limits.
//!
//! minijinja has no host access: no files, no imports, no attributes beyond the values it is given.
//! Its fuel pays for instructions and for bytes; the sandbox bounds what fuel does not see.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error, ErrorKind};
use minijinja_contrib::pycompat::unknown_method_callback;

use crate::abi::{assert_shareable, free, guard, slice, text, Code, Failure, Outcome, RbString};
use crate::python;
use crate::sandbox::sandboxed;

const NAME: &str = "chat_template";

#[repr(C)]
#[derive(Clone, Copy)]
pub struct RbTemplateLimits {
    fuel: u64,
    max_source_bytes: usize,
    max_output_bytes: usize,
}

pub struct RbTemplate {
    env: Arc<Environment<'static>>, // shared with renderings that the sandbox gave up
    max_output_bytes: usize,
    disabled: AtomicBool,
}

const _: () = assert_shareable::<RbTemplate>();

/// Marks an error as the template's own `raise_exception`, whose message stands alone.
#[derive(Debug)]
struct Raised;

impl std::fmt::Display for Raised {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("raised by the template")
    }
}

impl std::error::Error for Raised {}

fn raise_exception(message: String) -> Result<Value, Error> {
    Err(Error::new(ErrorKind::InvalidOperation, message).with_source(Raised))
}

fn failure_of(error: &Error) -> Failure {
    let detail = error.detail().unwrap_or_default();
    if std::error::Error::source(error).is_some_and(|source| source.is::<Raised>()) {
        return Failure::invalid(detail);
    }
    let line = error
        .line()
        .map_or(String::new(), |line| format!("line {line}: "));
    let separator = if detail.is_empty() { "" } else { ": " };
    let message = format!("{line}{}{separator}{detail}", error.kind());
    let limit = error.kind() == ErrorKind::OutOfFuel
        || detail.contains("recursion limit")
        || detail.contains("too large");
    Failure::new(
        if limit {
            Code::ResourceExhausted
        } else {
            Code::InvalidArgument
        },
        message,
    )
}

/// `{% generation %}` marks what the model wrote, for training. It renders its body.
fn neutralise_generation_blocks(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(start) = rest.find("{%") {
        let (before, tag) = rest.split_at(start);
        out.push_str(before);
        let Some(end) = tag.find("%}") else {
            rest = tag;
            break;
        };
        let (tag, after) = tag.split_at(end);
        let word = tag[2..].trim_matches(|c: char| c.is_whitespace() || c == '-' || c == '+');
        match word {
            "generation" => out.push_str(&tag.replacen("generation", "if true", 1)),
            "endgeneration" => out.push_str(&tag.replacen("endgeneration", "endif", 1)),
            _ => out.push_str(tag),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn environment(limits: &RbTemplateLimits) -> Environment<'static> {
    let mut env = Environment::new();
    // Fills the engine's cache of small numbers here: no thread may be lost while it does that.
    let _ = env.render_str("{{ 1 }}", ());
    env.set_syntax(
        SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()
            .expect("defaults"),
    );
    env.set_fuel(Some(limits.fuel));
    env.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    env.set_unknown_method_callback(unknown_method_callback);
    let max_bytes = limits.max_output_bytes;
    env.add_filter("tojson", move |value: &Value, options: Kwargs| {
        python::tojson(value, options, max_bytes)
    });
    // minijinja would loop over none, and templates ask before they take a length.
    env.add_test("iterable", |value: &Value| {
        !value.is_none() && value.try_iter().is_ok()
    });
    env.add_function("raise_exception", raise_exception);
    env.add_function("strftime_now", |format: String| {
        python::strftime_now(&format)
    });
    env
}

fn over_quota() -> Failure {
    Failure::exhausted("template used too much memory or time; it stays disabled")
}

fn compile(source: &str, limits: &RbTemplateLimits) -> Outcome<RbTemplate> {
    if source.len() > limits.max_source_bytes {
        return Err(Failure::exhausted(format!(
            "template is {} bytes long; at most {} are allowed",
            source.len(),
            limits.max_source_bytes
        )));
    }
    let source = neutralise_generation_blocks(source);
    let mut env = environment(limits);
    let compiled = sandboxed("redline-template", move || {
        env.add_template_owned(NAME, source)
            .map_err(|e| failure_of(&e))?;
        Ok(env)
    });
    Ok(RbTemplate {
        env: Arc::new(compiled.unwrap_or_else(|| Err(over_quota()))?),
        max_output_bytes: limits.max_output_bytes,
        disabled: AtomicBool::new(false),
    })
}

/// Output up to a limit; `full` tells a limit from another failure.
struct Limited {
    bytes: Vec<u8>,
    max_bytes: usize,
    full: bool,
}

impl Write for Limited {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if data.len() > self.max_bytes - self.bytes.len() {
            self.full = true;
            return Err(io::Error::other("output limit"));
        }
        self.bytes.extend_from_slice(data);
        Ok(data.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn render_with(env: &Environment, context: Value, max_bytes: usize) -> Outcome<String> {
    let mut output = Limited {
        bytes: Vec::new(),
        max_bytes,
        full: false,
    };
    let template = env.get_template(NAME).map_err(|e| failure_of(&e))?;
    let result = template.render_captured_to(context, &mut output).map(drop);
    if output.full {
        return Err(Failure::exhausted(format!(
            "output is longer than {max_bytes} bytes"
        )));
    }
    result.map_err(|e| failure_of(&e))?;
    String::from_utf8(output.bytes).map_err(Failure::internal)
}

fn render(template: &RbTemplate, context: &[u8]) -> Outcome<String> {
    if template.disabled.load(Ordering::Relaxed) {
        return Err(over_quota());
    }
    // Outside the sandbox: a large request must not count against the template.
    let context: Value = serde_json::from_slice(context)
        .map_err(|e| Failure::invalid(format!("template context is not JSON: {e}")))?;
    let env = template.env.clone();
    let max_bytes = template.max_output_bytes;
    sandboxed("redline-template", move || {
        render_with(&env, context, max_bytes)
    })
    .unwrap_or_else(|| {
        template.disabled.store(true, Ordering::Relaxed);
        Err(over_quota())
    })
}

/// # Safety
/// See bridge.h.
#[no_mangle]
pub unsafe extern "C" fn rb_template_new(
    source: *const u8,
    len: usize,
    limits: *const RbTemplateLimits,
    out: *mut *mut RbTemplate,
    error: *mut RbString,
) -> i32 {
    guard(error, || {
        let template = compile(text(source, len)?, &*limits)?;
        out.write(Box::into_raw(Box::new(template)));
        Ok(())
    })
}

/// # Safety
/// See bridge.h.
#[no_mangle]
pub unsafe extern "C" fn rb_template_free(template: *mut RbTemplate) {
    free(template);
}

/// # Safety
/// See bridge.h.
#[no_mangle]
pub unsafe extern "C" fn rb_template_render(
    template: *const RbTemplate,
    context_json: *const u8,
    len: usize,
    out: *mut RbString,
    error: *mut RbString,
) -> i32 {
    guard(error, || {
        out.write(render(&*template, slice(context_json, len))?.into());
        Ok(())
    })
}
