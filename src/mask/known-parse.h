/*
 * Known parse: the values in the files that people keep credentials in
 *
 * dotenv files and what is written like them (~/.aws/credentials, ~/.npmrc), ~/.netrc, ~/.pgpass, JSON (docker's
 * config.json, keys of service accounts) and kube configurations. Which of them a file is, its name and its first character
 * tell. Nothing is kept.
 */
#pragma once

#include "base/cleanup.h"

/* A value, as the program that reads the file sees it. */
typedef struct KnownField {
        const char *value;
        size_t size;
        bool certain; /* its name or the format says that it is a secret */
} KnownField;

/* Told of each; returns 0, or a negative errno, which ends it. */
typedef int (*KnownFieldFunc)(void *userdata, const KnownField *field);

/* Calls @func for the values in @text, the content of a file @path. Returns 0; -EBADMSG: it is not what it should be; or what
 * @func returned. */
int known_parse(const char *path, const char *text, size_t size, KnownFieldFunc func,
                void *userdata);
