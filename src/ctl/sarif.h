/*
 * Findings as SARIF 2.1.0, for tools that collect the results of scanners
 */
#pragma once

#include "archive/query.h"

/* Prints one run, in which every masked place is a result. Returns 0 or a negative errno. */
int sarif_print(Query *q, const FindingFilter *filter);
