//! Plugins: libraries named by `plugin.library.paths`, whose `conf_init` adds interceptors to the configuration.

use std::ffi::{CStr, CString, c_void};
use std::ptr;

use libc::{c_char, size_t};

use super::{ConfHooks, Nullable};
use crate::capi::callback::Callback;
use crate::capi::cstr;
use crate::capi::types::{rd_kafka_conf_t, rd_kafka_plugin_f_conf_init_t};

type ConfInit = <rd_kafka_plugin_f_conf_init_t as Nullable>::Function;

/// A loaded library.
pub(crate) struct Plugin {
    path: CString,
    /// Closed when the plugin goes.
    _library: Library,
}

impl Plugin {
    pub(crate) fn is(&self, path: &CStr) -> bool {
        *self.path == *path
    }
}

/// What `dlopen` gave, by its address.
struct Library(usize);

impl Drop for Library {
    fn drop(&mut self) {
        // SAFETY: from `dlopen`, closed once.
        unsafe { libc::dlclose(ptr::with_exposed_provenance_mut(self.0)) };
    }
}

/// Why the dynamic linker failed, on one line.
fn reason() -> String {
    // SAFETY: the text is good until the next call of this thread.
    let text = unsafe { cstr::text(libc::dlerror()) };
    text.map_or_else(|| "no reason given".into(), |t| t.replace('\n', "."))
}

impl Library {
    fn open(path: &CStr) -> Result<Library, String> {
        // SAFETY: a string. What the library does when it is loaded is the application's choice.
        let library = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        if library.is_null() {
            return Err(format!("dlopen() failed: {}", reason()));
        }
        Ok(Library(library.expose_provenance()))
    }

    /// As `open`; a name without an extension is also tried with `.so`.
    fn find(path: &CStr) -> Result<Library, String> {
        let first = Library::open(path);
        let bytes = path.to_bytes();
        let file = bytes.rsplit(|b| *b == b'/').next().unwrap_or_default();
        let tail = file.get(file.len().saturating_sub(3)..).unwrap_or_default();
        if first.is_ok() || tail.contains(&b'.') {
            return first;
        }
        let mut with_extension = bytes.to_vec();
        with_extension.extend_from_slice(b".so");
        match CString::new(with_extension) {
            Ok(path) => Library::open(&path),
            Err(_) => first,
        }
    }

    fn symbol(&self, name: &CStr) -> Result<*mut c_void, String> {
        // SAFETY: the library is open, the name a string.
        let found = unsafe { libc::dlsym(ptr::with_exposed_provenance_mut(self.0), name.as_ptr()) };
        if found.is_null() {
            let name = name.to_string_lossy();
            return Err(format!(
                "The library has no function \"{name}\": {}",
                reason()
            ));
        }
        Ok(found)
    }
}

/// Loads the plugins of `paths`, in the place of those that are loaded.
///
/// # Safety
/// A live configuration that nobody refers to meanwhile, with its hooks; `paths` is null or a string.
pub(crate) unsafe fn load(
    conf: *mut rd_kafka_conf_t,
    hooks: &ConfHooks,
    paths: *const c_char,
) -> Result<(), String> {
    hooks.unload_plugins();
    // SAFETY: the caller's promise.
    let paths = unsafe { cstr::bytes(paths) }.unwrap_or_default();
    if paths.is_empty() {
        return Ok(());
    }
    let paths = paths.strip_suffix(b";").unwrap_or(paths);
    for path in paths.split(|b| *b == b';') {
        let path = CString::new(path).unwrap_or_default();
        // SAFETY: the caller's promise.
        if let Err(why) = unsafe { load_one(conf, hooks, &path) } {
            hooks.unload_plugins();
            return Err(format!("{why} (plugin {})", path.to_string_lossy()));
        }
    }
    Ok(())
}

/// # Safety
/// As for [`load`].
unsafe fn load_one(
    conf: *mut rd_kafka_conf_t,
    hooks: &ConfHooks,
    path: &CStr,
) -> Result<(), String> {
    if hooks.plugin_is_loaded(path) {
        return Ok(());
    }
    let library = Library::find(path)?;
    let symbol = library.symbol(c"conf_init")?;
    // SAFETY: a plugin's function of this name is of this type.
    let init = unsafe { Callback::<ConfInit>::from_address(symbol.expose_provenance()) };
    let mut errstr = [0 as c_char; 512];
    let size: size_t = errstr.len();
    let mut opaque = ptr::null_mut();
    let Some(init) = init.function() else {
        return Err("conf_init is null".into());
    };
    // SAFETY: the caller's promise; the buffer has that size.
    let code = unsafe { init(conf, &mut opaque, errstr.as_mut_ptr(), size) };
    if code.is_err() {
        // SAFETY: a string, or empty.
        let text = unsafe { cstr::text(errstr.as_ptr()) }.unwrap_or_default();
        return Err(text.into_owned());
    }
    hooks.add_plugin(Plugin {
        path: path.to_owned(),
        _library: library,
    });
    Ok(())
}
