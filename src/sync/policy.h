/*
 * Policy: what of a session may reach the archive
 *
 * Rules and settings that decide what archived text looks like have one digest. A cursor carries the digest that its
 * session was masked under; under another one the session is masked again.
 */
#pragma once

#include "base/hash.h"
#include "mask/ruleset.h"
#include "model/session.h"
#include "sync/engine.h"

typedef enum Privacy {
        PRIVACY_FULL,
        PRIVACY_METADATA, /* without any text */
        PRIVACY_EXCLUDED, /* not at all */
} Privacy;

/* What [Privacy] says of a session; @values as in session_table. A project glob is matched against agentsview's project,
 * the git project's name and URL, and the folder ("~/..." stands for the home folder). */
Privacy policy_privacy(const EngineSettings *settings, const Value *values);

/* The digest of all that decides what is archived. @resyncs: how many resyncs were asked for. */
int64_t policy_digest(const EngineSettings *settings, const Ruleset *rules, int64_t resyncs,
                      const char *user_id, const char *user_name, const HashKey *key);
