/*
 * The table of settings: section, key, what kind of value, and where it goes
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

#define KEY_SECTION_REMOTE \
        "Remote" /* stands for every [Remote NAME]; its keys are set in a RemoteSettings */

typedef struct Key {
        const char *section;
        const char *name;
        int (*set)(const struct Key *key, void *target, const char *home, const char *value,
                   char **reterr);
        size_t offset;     /* in Settings or RemoteSettings */
        uint64_t min_usec; /* of a time span */
        bool is_list;
        bool is_privacy; /* without it more is archived or shared: a value that means nothing is an error */
} Key;

/* Whether there is a section of that name; remotes have names of their own, and are asked for elsewhere. */
bool key_section_is_known(const char *section);

/* The key of these names (as they are written in files); NULL: there is none. */
const Key *key_find(const char *section, const char *name);

/*
 * The key of an environment variable, without "SCRUBJAY_": SECTION_KEY or REMOTE_NAME_KEY, in any case; within a key
 * underscores do not count (QUIET_TIME is QuietTime). *@ret_is_ours: its section is one of ours; *@ret_key: NULL where
 * there is no such key; *@ret_remote: the name of the remote or NULL, owned by the caller.
 */
void key_find_variable(const char *variable, const Key **ret_key, char **ret_remote,
                       bool *ret_is_ours);

/*
 * Sets it in @object, a Settings or RemoteSettings; "" empties a list and unsets a text or path. Returns 0; -EINVAL: a bad
 * value, nothing is changed, and *@reterr (owned by the caller) is the start of a sentence; or -ENOMEM.
 */
int key_set(const Key *key, void *object, const char *home, const char *value, char **reterr);

static inline bool key_is_list(const Key *key)
{
        return key->is_list;
}
