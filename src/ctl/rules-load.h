/*
 * The rules that are in force, for the commands that mask
 */
#pragma once

#include "mask/masker.h"

/* Loads the rules that the settings name. Returns 0, or a negative errno after saying why. */
int rules_load_active(Ruleset **ret);

/* A masker with these rules and, if there is an archive, its key (so that allowed fingerprints count). Returns 0, or a negative
 * errno after saying why. */
int rules_new_masker(Ruleset *rules, Masker **ret);
