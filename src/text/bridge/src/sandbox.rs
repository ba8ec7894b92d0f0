//! Threads for work whose depth, memory or time an untrusted input decides.
//!
//! `sandboxed` gives recursion room and sets a quota on memory and processor time, for template code
//! and for grammars: the fuel of the engines has gaps (lists that share their parts grow without
//! cost, a grammar's rules are compared with each other). Rust has no way to end a thread from outside, so a thread over its quota is abandoned: its caller
//! goes on with an error, and the thread goes to sleep for good, with what it holds, as soon as it
//! asks this crate's allocator for anything. What that costs, at most `MEMORY_QUOTA`, is the price of
//! keeping the process. Callers see to it that it is paid seldom: a template that did it is refused
//! from then on, grammars are checked first and after a few of them none is compiled any more.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::os::unix::thread::JoinHandleExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use crate::abi::{catch, Failure, Outcome};

/// Reserved, not used: an ordinary call touches a few pages.
const STACK: usize = 512 << 20;
const MEMORY_QUOTA: isize = 256 << 20;
/// Below a second, and several times what the fuel of one rendering can buy (0.2 s where this was
/// measured): a large request runs out of fuel, and only hostile code gets as far as this.
const CPU_QUOTA: Duration = Duration::from_millis(900);
const CHECK_INTERVAL: Duration = Duration::from_millis(50);

#[derive(Clone, Copy, PartialEq)]
enum Progress {
    Running,
    Finished,
    Abandoned,
}

struct Quota {
    progress: Mutex<Progress>,
    changed: Condvar,
    abandoned: AtomicBool,
}

impl Quota {
    fn new() -> Self {
        Quota {
            progress: Mutex::new(Progress::Running),
            changed: Condvar::new(),
            abandoned: AtomicBool::new(false),
        }
    }

    /// The first change is the one that counts.
    fn finish(&self, progress: Progress) {
        let mut current = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        if *current == Progress::Running {
            *current = progress;
            self.abandoned
                .store(progress == Progress::Abandoned, Ordering::Relaxed);
        }
        self.changed.notify_all();
    }

    /// Waits for the thread, and abandons it when it has used up its time.
    fn wait(&self, cpu_time: impl Fn() -> Duration) -> Progress {
        loop {
            let progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
            let (progress, _) = self
                .changed
                .wait_timeout_while(progress, CHECK_INTERVAL, |p| *p == Progress::Running)
                .unwrap_or_else(PoisonError::into_inner);
            if *progress != Progress::Running {
                return *progress;
            }
            drop(progress);
            if cpu_time() > CPU_QUOTA {
                self.finish(Progress::Abandoned);
            }
        }
    }
}

/// The current thread's account. Plain cells without destructors: the allocator may touch them at
/// any time.
struct Meter {
    quota: Cell<*const Quota>, // null: not metered
    bytes_left: Cell<isize>,
}

thread_local! {
    static METER: Meter = const {
        Meter { quota: Cell::new(std::ptr::null()), bytes_left: Cell::new(0) }
    };
}

impl Meter {
    #[inline]
    fn charge(&self, bytes: isize) {
        let quota = self.quota.get();
        if quota.is_null() {
            return;
        }
        self.bytes_left
            .set(self.bytes_left.get().saturating_sub(bytes));
        // SAFETY: the thread holds a reference to its quota as long as it is metered.
        let quota = unsafe { &*quota };
        if self.bytes_left.get() < 0 || quota.abandoned.load(Ordering::Relaxed) {
            self.quota.set(std::ptr::null());
            quota.finish(Progress::Abandoned);
            sleep_for_good();
        }
    }
}

#[cold]
fn sleep_for_good() -> ! {
    loop {
        // SAFETY: a plain system call.
        unsafe { libc::pause() };
    }
}

fn cpu_clock_of(thread: libc::pthread_t) -> Option<libc::clockid_t> {
    let mut clock = 0;
    // SAFETY: the handle is joined or dropped only after the last use of the clock.
    (unsafe { libc::pthread_getcpuclockid(thread, &mut clock) } == 0).then_some(clock)
}

fn read_clock(clock: Option<libc::clockid_t>) -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: a plain system call that fills a local value. It fails for a thread that has ended.
    match clock {
        Some(clock) if unsafe { libc::clock_gettime(clock, &mut time) } == 0 => {
            Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
        }
        _ => Duration::ZERO,
    }
}

struct MeteredAllocator;

// SAFETY: every request goes to the system allocator unchanged.
unsafe impl GlobalAlloc for MeteredAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        METER.with(|meter| meter.charge(layout.size() as isize));
        System.alloc(layout)
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        METER.with(|meter| meter.charge(layout.size() as isize));
        System.alloc_zeroed(layout)
    }
    unsafe fn realloc(&self, data: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        METER.with(|meter| meter.charge(new_size as isize - layout.size() as isize));
        System.realloc(data, layout, new_size)
    }
    unsafe fn dealloc(&self, data: *mut u8, layout: Layout) {
        METER.with(|meter| meter.charge(-(layout.size() as isize)));
        System.dealloc(data, layout)
    }
}

#[global_allocator]
static ALLOCATOR: MeteredAllocator = MeteredAllocator;

fn no_thread(error: std::io::Error) -> Failure {
    Failure::exhausted(format!("cannot start a thread: {error}"))
}

/// Runs `body` on a thread of its own with a deep stack and a quota. None: the quota was exceeded,
/// and everything `body` owned is lost.
pub fn sandboxed<T: Send + 'static>(
    name: &str,
    body: impl FnOnce() -> Outcome<T> + Send + 'static,
) -> Option<Outcome<T>> {
    let quota = Arc::new(Quota::new());
    let in_thread = quota.clone();
    let run = move || {
        METER.with(|meter| {
            meter.bytes_left.set(MEMORY_QUOTA);
            meter.quota.set(Arc::as_ptr(&in_thread));
        });
        let outcome = catch(body);
        METER.with(|meter| meter.quota.set(std::ptr::null()));
        in_thread.finish(Progress::Finished);
        outcome
    };
    let builder = Builder::new().name(name.into()).stack_size(STACK);
    let thread: JoinHandle<Outcome<T>> = match builder.spawn(run) {
        Ok(thread) => thread,
        Err(error) => return Some(Err(no_thread(error))),
    };
    let clock = cpu_clock_of(thread.as_pthread_t());
    match quota.wait(|| read_clock(clock)) {
        Progress::Abandoned => None,
        _ => Some(
            thread
                .join()
                .unwrap_or_else(|_| Err(Failure::internal("a thread was lost"))),
        ),
    }
}
