//! A plugin's library, loaded by the dynamic linker.

use std::ffi::{CStr, CString, c_void};
use std::ptr;

use crate::capi::cstr;

/// A loaded library.
pub(crate) struct Plugin {
    path: CString,
    /// Closed when the plugin goes.
    _library: Library,
}

impl Plugin {
    /// Loads the library, and finds its function of the name.
    pub(super) fn open(path: &CStr, function: &CStr) -> Result<(Plugin, *mut c_void), String> {
        let library = Library::find(path)?;
        let symbol = library.symbol(function)?;
        let plugin = Plugin {
            path: path.to_owned(),
            _library: library,
        };
        Ok((plugin, symbol))
    }

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
