/*
 * Judge veto: what is no secret for certain, so that the model is not asked
 *
 * Private to the judge. A veto reads the syntax of code, configuration and numbers (a reference, a call, a type, a date); it has no
 * list of values, and what only seems harmless is the model's to judge.
 */
#pragma once

#include "mask/judge.h"

/* Why the candidate is no secret, in a few words; NULL: the model decides. */
const char *judge_find_veto(const View *v, const Candidate *c);
