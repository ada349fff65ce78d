//! Builds the C shim of the variadic functions and names the shared object.

fn main() {
    println!("cargo:rerun-if-changed=src/capi/shim.c");
    cc::Build::new()
        .file("src/capi/shim.c")
        .warnings(true)
        .extra_warnings(true)
        .flag_if_supported("-fvisibility=hidden")
        .compile("rskafka_shim");

    let target = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    if target == "linux" {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,librdkafka.so.1");
        // Calls between exported functions stay inside, even if another
        // librdkafka is loaded first. Nothing but functions is exported, and not
        // every linker has the option for those alone.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-Bsymbolic");
        // Once loaded, it stays: Rust's thread-local variables keep it in memory
        // anyhow while a thread lives that used it; a look-up that outlasts its
        // client runs its code; and the standard library never gives back its
        // pthread key, of which a process has 1,024.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
