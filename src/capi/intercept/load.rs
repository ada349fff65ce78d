//! Plugins: libraries named by `plugin.library.paths`, whose `conf_init` adds interceptors to the configuration.

use std::ffi::{CStr, CString};
use std::ptr;

use libc::{c_char, size_t};

use super::plugin::Plugin;
use super::{ConfHooks, Nullable};
use crate::capi::callback::Callback;
use crate::capi::cstr;
use crate::capi::types::{rd_kafka_conf_t, rd_kafka_plugin_f_conf_init_t};

type ConfInit = <rd_kafka_plugin_f_conf_init_t as Nullable>::Function;

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
    let (plugin, symbol) = Plugin::open(path, c"conf_init")?;
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
    hooks.add_plugin(plugin);
    Ok(())
}
