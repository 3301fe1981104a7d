/*
 * Policy: what of a session may reach the archive
 *
 * Rules and settings that decide what archived text looks like have one digest. A cursor carries the digest that its
 * session was masked under; under another one the session is masked again.
 */
#pragma once

#include "base/hash.h"
#include "model/session.h"
#include "sync/engine-settings.h"

typedef enum Privacy {
        PRIVACY_FULL,
        PRIVACY_METADATA, /* without any text */
        PRIVACY_EXCLUDED, /* not at all */
} Privacy;

/* What [Privacy] says of a session; @values as in session_table. A project glob is matched against agentsview's project,
 * the git project's name and URL, and the folder ("~/..." stands for the home folder). */
Privacy policy_privacy(const EngineSettings *settings, const Value *values);

/*
 * The digest of all that decides what is archived. @rules: ruleset_digest(); @known: of known_files_load(); @resyncs: how many resyncs were asked for. Who
 * and where one is (git's identity, the machine, which folder is home) is not in it: text that is archived does not change
 * by it.
 */
int64_t policy_digest(const EngineSettings *settings, uint64_t rules, uint64_t known,
                      int64_t resyncs, const HashKey *key);
