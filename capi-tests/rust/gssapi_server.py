"""The broker's side of SASL GSSAPI, by MIT's library: gssapi_server.py [LAYERS]

Reads the client's tokens from standard input, a line of hexadecimal digits each, and
answers in lines of the same kind. LAYERS is what it offers, 7 unless given. The last line
says "done" and the client's principal, or "failed" and the statuses.
"""
import ctypes as C
import sys

gss = C.CDLL("libgssapi_krb5.so.2")


class Buffer(C.Structure):
    _fields_ = [("length", C.c_size_t), ("value", C.c_void_p)]

    def bytes(self):
        return C.string_at(self.value, self.length) if self.length else b""


minor = C.c_uint32()


def check(major):
    if major & 0xFFFF0000:
        print("failed", hex(major & 0xFFFFFFFF), minor.value, flush=True)
        sys.exit(1)
    return major


def given(data):
    keep = C.create_string_buffer(data, len(data))
    return Buffer(len(data), C.cast(keep, C.c_void_p)), keep


def read():
    line = sys.stdin.readline()
    if not line:
        sys.exit(0)
    return bytes.fromhex(line.strip())


def answer(data):
    print(data.hex(), flush=True)


layers = int(sys.argv[1]) if len(sys.argv) > 1 else 7
context, client = C.c_void_p(), C.c_void_p()
while True:
    token, keep = given(read())
    out = Buffer()
    more = check(gss.gss_accept_sec_context(
        C.byref(minor), C.byref(context), None, C.byref(token), None, C.byref(client),
        None, C.byref(out), None, None, None))
    answer(out.bytes())
    if not more & 1:
        break
assert read() == b"", "the client asks for the offer"
offer, keep = given(bytes([layers, 0, 255, 255]))
out = Buffer()
check(gss.gss_wrap(C.byref(minor), context, 0, 0, C.byref(offer), None, C.byref(out)))
answer(out.bytes())
choice, keep = given(read())
out = Buffer()
check(gss.gss_unwrap(C.byref(minor), context, C.byref(choice), C.byref(out), None, None))
assert out.bytes()[0] == 1 and out.bytes()[1:4] == b"\0\0\0", out.bytes()
name = Buffer()
check(gss.gss_display_name(C.byref(minor), client, C.byref(name), None))
print("done", name.bytes().decode(), flush=True)
