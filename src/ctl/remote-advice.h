/*
 * What a person is told about remotes in more than one place
 */
#pragma once

/* What to do about sessions without an owner. */
const char *remote_owner_advice(void);
