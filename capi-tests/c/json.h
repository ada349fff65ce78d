/* A JSON reader as small as a test needs: checks the syntax and keeps a tree of nodes. */
#ifndef JSON_H
#define JSON_H

#include <ctype.h>

#include "t.h"

struct json {
        char type; /* 'o'bject, 'a'rray, 's'tring, 'n'umber (whole), 'f'raction, 'b'oolean, '0' null */
        char *name, *text;
        struct json *child, *next;
};

struct json_in {
        const char *p;
        int bad;
};

static void json_space(struct json_in *in) {
        while (isspace((unsigned char)*in->p))
                in->p++;
}

static char *json_string(struct json_in *in) {
        char *s, *d;
        if (*in->p != '"') {
                in->bad = 1;
                return NULL;
        }
        s = d = malloc(strlen(in->p) + 1);
        for (in->p++; *in->p && *in->p != '"'; in->p++) {
                if ((unsigned char)*in->p < 0x20)
                        in->bad = 1;
                if (*in->p == '\\') {
                        in->p++;
                        if (!*in->p || !strchr("\"\\/bfnrtu", *in->p)) {
                                in->bad = 1;
                                break;
                        }
                }
                *d++ = *in->p;
        }
        *d = '\0';
        if (*in->p == '"')
                in->p++;
        else
                in->bad = 1;
        return s;
}

static struct json *json_value(struct json_in *in) {
        struct json *j = calloc(1, sizeof(*j)), **tail = &j->child;
        json_space(in);
        if (*in->p == '{' || *in->p == '[') {
                char end = *in->p == '{' ? '}' : ']';
                j->type  = *in->p++ == '{' ? 'o' : 'a';
                json_space(in);
                while (*in->p && *in->p != end && !in->bad) {
                        char *name = NULL;
                        if (j->type == 'o') {
                                name = json_string(in);
                                json_space(in);
                                if (*in->p++ != ':') {
                                        in->bad = 1;
                                        free(name);
                                        return j;
                                }
                        }
                        *tail         = json_value(in);
                        (*tail)->name = name;
                        tail          = &(*tail)->next;
                        json_space(in);
                        if (*in->p == ',') {
                                in->p++;
                                json_space(in);
                                if (*in->p == end)
                                        in->bad = 1;
                        } else if (*in->p != end)
                                in->bad = 1;
                }
                if (*in->p == end)
                        in->p++;
                else
                        in->bad = 1;
        } else if (*in->p == '"') {
                j->type = 's';
                j->text = json_string(in);
        } else if (!strncmp(in->p, "true", 4) || !strncmp(in->p, "null", 4) || !strncmp(in->p, "false", 5)) {
                j->type = *in->p == 'n' ? '0' : 'b';
                in->p += *in->p == 'f' ? 5 : 4;
        } else {
                const char *start = in->p;
                j->type           = 'n';
                if (*in->p == '-')
                        in->p++;
                if (!isdigit((unsigned char)*in->p))
                        in->bad = 1;
                while (*in->p && strchr("0123456789.eE+-", *in->p)) {
                        if (!isdigit((unsigned char)*in->p) && *in->p != '-')
                                j->type = 'f';
                        in->p++;
                }
                j->text = calloc(1, (size_t)(in->p - start) + 1);
                memcpy(j->text, start, (size_t)(in->p - start));
        }
        return j;
}

static UNUSED void json_free(struct json *j) {
        while (j) {
                struct json *next = j->next;
                json_free(j->child);
                free(j->name);
                free(j->text);
                free(j);
                j = next;
        }
}

/* NULL when the text is not JSON. */
static UNUSED struct json *json_parse(const char *text) {
        struct json_in in = {text, 0};
        struct json *j    = json_value(&in);
        json_space(&in);
        if (in.bad || *in.p) {
                json_free(j);
                return NULL;
        }
        return j;
}

static UNUSED struct json *json_get(const struct json *j, const char *name) {
        struct json *c;
        for (c = j ? j->child : NULL; c; c = c->next)
                if (c->name && !strcmp(c->name, name))
                        return c;
        return NULL;
}

static UNUSED int64_t json_int(const struct json *j, const char *name) {
        struct json *c = json_get(j, name);
        return c && c->text ? atoll(c->text) : -999;
}

#endif
