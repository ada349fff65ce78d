/* The variable argument lists of the C interface; see variadic.rs.
 *
 * Each function here is where an exported one jumps to. It turns its list into
 * arrays. The functions it calls are exported (rd_kafka_*) or hidden
 * (rskafka_*); none of its own names leaves the library. */

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

typedef int resp_err_t;

enum { ERR_FAIL = -196, ERR_FATAL = -150 };

enum vtype {
        V_END,
        V_TOPIC,
        V_RKT,
        V_PARTITION,
        V_VALUE,
        V_KEY,
        V_OPAQUE,
        V_MSGFLAGS,
        V_TIMESTAMP,
        V_HEADER,
        V_HEADERS
};

/* rd_kafka_vu_t */
struct vu {
        int vtype;
        union {
                const char *cstr;
                int i;
                int32_t i32;
                int64_t i64;
                struct {
                        void *ptr;
                        size_t size;
                } mem;
                struct {
                        const char *name;
                        const void *val;
                        ssize_t size;
                } header;
                void *ptr;
                char pad[64];
        } u;
};

extern void *rd_kafka_produceva(void *rk, const struct vu *vus, size_t cnt);
extern resp_err_t rd_kafka_error_code(const void *error);
extern int rd_kafka_error_is_fatal(const void *error);
extern void rd_kafka_error_destroy(void *error);
extern void rd_kafka_mock_push_request_errors_array(void *mcluster,
                                                    int16_t api_key,
                                                    size_t cnt,
                                                    const resp_err_t *errors);
extern void *rskafka_error_make(resp_err_t code, const char *text);
extern resp_err_t rskafka_mock_broker_push(void *mcluster, int32_t broker_id,
                                           int16_t api_key, size_t cnt,
                                           const resp_err_t *errors,
                                           const int *rtts_ms);
extern resp_err_t rskafka_mock_partition_push(void *mcluster,
                                              const char *topic,
                                              int32_t partition,
                                              int16_t api_key, size_t cnt,
                                              const resp_err_t *errors);

void *rskafka_shim_error_new(resp_err_t code, const char *fmt, ...) {
        char small[256];
        char *text = small;
        void *error;
        va_list list;
        int length;

        if (!fmt)
                return rskafka_error_make(code, NULL);

        va_start(list, fmt);
        length = vsnprintf(small, sizeof(small), fmt, list);
        va_end(list);
        if (length < 0)
                return rskafka_error_make(code, fmt);

        if ((size_t)length >= sizeof(small) &&
            (text = malloc((size_t)length + 1))) {
                va_start(list, fmt);
                vsnprintf(text, (size_t)length + 1, fmt, list);
                va_end(list);
        }

        /* Without memory for all of it, what fits has to do. */
        error = rskafka_error_make(code, text ? text : small);
        if (text != small)
                free(text);
        return error;
}

/* Reads one argument's value; 0 if its kind is not known, so that nobody can
 * tell how long it is. */
static int read_value(struct vu *vu, va_list *list) {
        switch (vu->vtype) {
        case V_TOPIC:
                vu->u.cstr = va_arg(*list, const char *);
                return 1;
        case V_RKT:
        case V_OPAQUE:
        case V_HEADERS:
                vu->u.ptr = va_arg(*list, void *);
                return 1;
        case V_PARTITION:
                vu->u.i32 = va_arg(*list, int32_t);
                return 1;
        case V_VALUE:
        case V_KEY:
                vu->u.mem.ptr  = va_arg(*list, void *);
                vu->u.mem.size = va_arg(*list, size_t);
                return 1;
        case V_MSGFLAGS:
                vu->u.i = va_arg(*list, int);
                return 1;
        case V_TIMESTAMP:
                vu->u.i64 = va_arg(*list, int64_t);
                return 1;
        case V_HEADER:
                vu->u.header.name = va_arg(*list, const char *);
                vu->u.header.val  = va_arg(*list, const void *);
                vu->u.header.size = va_arg(*list, ssize_t);
                return 1;
        default:
                return 0;
        }
}

resp_err_t rskafka_shim_producev(void *rk, ...) {
        struct vu few[16];
        struct vu *vus  = few;
        size_t room     = sizeof(few) / sizeof(few[0]);
        size_t cnt      = 0;
        resp_err_t code = 0;
        va_list list;
        void *error;

        va_start(list, rk);
        for (;;) {
                int vtype = va_arg(list, int);

                if (vtype == V_END)
                        break;
                if (cnt == room) {
                        struct vu *more =
                            malloc(2 * room * sizeof(struct vu));
                        size_t i;

                        if (!more) {
                                code = ERR_FAIL;
                                break;
                        }
                        for (i = 0; i < cnt; i++)
                                more[i] = vus[i];
                        if (vus != few)
                                free(vus);
                        vus = more;
                        room *= 2;
                }
                vus[cnt].vtype = vtype;
                /* Refused by rd_kafka_produceva(), if nothing else is wrong. */
                if (!read_value(&vus[cnt++], &list))
                        break;
        }
        va_end(list);

        if (!code && (error = rd_kafka_produceva(rk, vus, cnt))) {
                code = rd_kafka_error_is_fatal(error)
                           ? ERR_FATAL
                           : rd_kafka_error_code(error);
                rd_kafka_error_destroy(error);
        }
        if (vus != few)
                free(vus);
        return code;
}

/* The cnt codes that follow, in an array to free; NULL if there are none. */
static resp_err_t *read_errors(size_t cnt, va_list *list) {
        resp_err_t *errors = cnt ? malloc(cnt * sizeof(*errors)) : NULL;
        size_t i;

        for (i = 0; errors && i < cnt; i++)
                errors[i] = va_arg(*list, resp_err_t);
        return errors;
}

void rskafka_shim_mock_push_request_errors(void *mcluster, int16_t api_key,
                                           size_t cnt, ...) {
        resp_err_t *errors;
        va_list list;

        va_start(list, cnt);
        errors = read_errors(cnt, &list);
        va_end(list);
        if (errors)
                rd_kafka_mock_push_request_errors_array(
                    mcluster, api_key, cnt, errors);
        free(errors);
}

resp_err_t rskafka_shim_mock_broker_push_request_error_rtts(void *mcluster,
                                                            int32_t broker_id,
                                                            int16_t api_key,
                                                            size_t cnt, ...) {
        resp_err_t *errors = malloc((cnt ? cnt : 1) * sizeof(*errors));
        int *rtts_ms       = malloc((cnt ? cnt : 1) * sizeof(*rtts_ms));
        resp_err_t code    = ERR_FAIL;
        va_list list;
        size_t i;

        if (errors && rtts_ms) {
                va_start(list, cnt);
                for (i = 0; i < cnt; i++) {
                        errors[i]  = va_arg(list, resp_err_t);
                        rtts_ms[i] = va_arg(list, int);
                }
                va_end(list);
                code = rskafka_mock_broker_push(mcluster, broker_id,
                                                api_key, cnt, errors,
                                                rtts_ms);
        }
        free(rtts_ms);
        free(errors);
        return code;
}

resp_err_t rskafka_shim_mock_partition_push_request_errors(
    void *mcluster, const char *topic, int32_t partition, int16_t api_key,
    size_t cnt, ...) {
        resp_err_t *errors;
        resp_err_t code;
        va_list list;

        va_start(list, cnt);
        errors = read_errors(cnt, &list);
        va_end(list);
        if (cnt && !errors)
                return ERR_FAIL;
        code = rskafka_mock_partition_push(mcluster, topic, partition,
                                           api_key, cnt, errors);
        free(errors);
        return code;
}
