/*
 * The journal
 *
 * What an operator acts on is a native journal message with a MESSAGE_ID (explained in data/scrubjay.catalog) and
 * fields of its own. Where stderr is not the journal, messages go to stderr as text. Nothing here ever gets session
 * text, a match or a URL with credentials: rule names, counts and ids only.
 */
#pragma once

#include <stdint.h>
#include <syslog.h>

#include "base/cleanup.h"

/* clang-format off */
#define MESSAGE_STARTED "81e7b35350fc43dabd1b2e574fe09b8e" /* the service is ready */
#define MESSAGE_STOPPED "0634184ff4794bf78049610baf18f3e3" /* the service ends */
#define MESSAGE_CYCLE_DONE "959b886a858b48b8b596157125355655" /* a cycle that did something */
#define MESSAGE_SESSION_FAILED "2fec4ec5d12c4dfe863212407b0d2dbd" /* one session could not be synced */
#define MESSAGE_SESSION_STUCK "3923a6537b1e43d990beed0afc0b607c" /* the watchdog ends the service in a session */
#define MESSAGE_TEXT_LEFT_OUT "55d68193cb414157a925f78f47973bb2" /* a text of a session was too large */
#define MESSAGE_SOURCE_MISSING "8756ad5615244241aca956077bbdab73" /* there is no source yet */
#define MESSAGE_SOURCE_FAILED "782aa98132674e1b92e2577b493b46a8" /* the source is there and cannot be used */
#define MESSAGE_SOURCE_BACK "cf3c33b494564ac7925f2b25607d41fa" /* the source can be used (again) */
#define MESSAGE_SOURCE_SWAPPED "9d8b4404aaa64095a7d45eb627e3a4bd" /* another file replaced the source */
#define MESSAGE_SOURCE_READ_ONLY "feabc85a47344462b569f741d81379ef" /* the sandbox has no way to the source */
#define MESSAGE_SOURCE_LEFT_OUT "99981da1051b4e2ead40ebc55927ac7e" /* it keeps less text than the archive has */
#define MESSAGE_WATCH_FAILED "a3eefd38f6ec4ba28cb9b54feec51d2a" /* inotify does not work */
#define MESSAGE_ARCHIVE_FAILED "7647792adaa14cde90391a430a1a73b7"
#define MESSAGE_ARCHIVE_BACK "768fba2a01454df6928ebd2ae8154ee9"
#define MESSAGE_ARCHIVE_DAMAGED "994e4924bff14dc5a8b02467d54de130" /* moved aside, a new one was built */
#define MESSAGE_ARCHIVE_VANISHED "430f8e560ffd4c389ace9bf04eb8b15d" /* moved or removed while in use, a new one was built */
#define MESSAGE_MADE_PRIVATE "1da00fc8fb7f451f80cd39293646f26e" /* others had access to the archive */
#define MESSAGE_RULES_BROKEN "33c77ff391574f66bfec39622eecd665"
#define MESSAGE_RULES_BACK "6bfc5198b75a42f692d7a912f59063b3"
#define MESSAGE_SETTINGS_RELOADED "4c453bca49504de0a581293feea6b719"
#define MESSAGE_SETTINGS_BAD "90aaee2c73c04f8ca049f3d22e0011de" /* a warning about the settings, or a file that cannot be used */
#define MESSAGE_KNOWN_FILES "59cf9283a942418184d930fb286853de" /* a file of KnownFiles= cannot be read */
#define MESSAGE_MANY_SECRETS "796b5dbb25b14144828c3bcd02206673" /* a session has more secrets than are remembered */
#define MESSAGE_SECRETS_MASKED "c35bc3db97c64fbfb1c2002b78fa9bf8" /* new secrets of one rule in one cycle */
#define MESSAGE_RESYNC "4bd3d2b8f4a34092a74faa1fcb8904d4" /* all sessions are synced again */
#define MESSAGE_REMOTE_FAILED "4d2f0ab0a2f5404d8d0b7a5d0c9d1c36" /* an outage of a remote begins */
#define MESSAGE_REMOTE_BACK "b0b7a5f1d3a84bb9a0f4c6d2e8f17a52" /* it is over */
#define MESSAGE_REMOTE_CONFLICT "e6c5b3a0f91c4f0b8c0d5e3a7b2f4d18" /* a session there is somebody else's */
#define MESSAGE_BUS_LOST "aae2ca8188ea4021a2c7a78bf4a348db" /* archiving continues without it */
#define MESSAGE_BUS_BACK "97dd8c9f2dd44667af0530838e3fe7cb" /* its name is ours again */
#define MESSAGE_BUS_NAME_TAKEN "bd0e2217d276490abe3fc86c8a7faaea" /* another scrubjayd runs */
/* clang-format on */

typedef enum LogTarget {
        LOG_TARGET_AUTO, /* the journal where stderr is connected to it, else the console */
        LOG_TARGET_JOURNAL,
        LOG_TARGET_CONSOLE,
        LOG_TARGET_NULL,
} LogTarget;

/* One field: a text, or where that is NULL a number. */
typedef struct LogField {
        const char *name;
        const char *text;
        uint64_t number;
} LogField;

/* LOG_FIELDS({ "SCRUBJAY_RULE", id }, { "SCRUBJAY_COUNT", .number = n }): the argument of log_event(). */
#define LOG_FIELDS(...) ((const LogField[]){ __VA_ARGS__, { .name = NULL } })

/* A message of @level (LOG_ERR ...) with a MESSAGE_ID and fields (may be NULL). */
void log_event(int level, const char *message_id, const LogField *fields, const char *format, ...)
                _printf_(4, 5);

/* A message without. */
void log_text(int level, const char *format, ...) _printf_(2, 3);

/* What is more verbose than this level is dropped. The default is LOG_INFO, or SCRUBJAY_LOG_LEVEL. */
void log_set_max_level(int level);
int log_max_level(void);

/* Where lines go; the default is LOG_TARGET_AUTO. */
void log_set_target(LogTarget target);

/* Is stderr connected to the journal? */
bool log_stderr_is_journal(void);
LogTarget log_target(void);

/* Names as systemd has them ("emerg" ... "debug"; "auto", "journal", "console", "null"); numbers are levels too. Return
 * -EINVAL, or NULL, if it is not a level. */
int log_level_from_name(const char *name);
const char *log_level_name(int level);
int log_target_from_name(const char *name);
const char *log_target_name(LogTarget target);

/* Takes SCRUBJAY_LOG_LEVEL and SCRUBJAY_LOG_TARGET from the environment. */
void log_read_environment(void);
