#!/bin/bash
# A Kerberos KDC with its tools, and what librdkafka needs for GSSAPI: Cyrus SASL's module and kinit. This library opens
# libgssapi_krb5.so.2 by itself, which comes along.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# Packages leave their programs in sbin, which an ordinary user's PATH has not.
export PATH=$PATH:/usr/sbin
need krb5kdc krb5-kdc
need kadmin.local krb5-admin-server
need kinit krb5-user
apt_install libgssapi-krb5-2 libsasl2-modules-gssapi-mit
