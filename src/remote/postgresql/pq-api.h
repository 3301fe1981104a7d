/*
 * libpq, loaded when the first remote needs it
 *
 * As libcurl, and for the same reason: most services have no remote, and it brings TLS, Kerberos and LDAP with it. What is
 * called of it stands here, under its own names.
 */
#pragma once

#include <libpq-fe.h>

/* clang-format off */
#define PQ_API(use) \
        use(PQclear) \
        use(PQcmdTuples) \
        use(PQconnectPoll) \
        use(PQconnectStartParams) \
        use(PQconninfo) \
        use(PQconninfoFree) \
        use(PQconninfoParse) \
        use(PQconsumeInput) \
        use(PQerrorMessage) \
        use(PQfinish) \
        use(PQflush) \
        use(PQfreemem) \
        use(PQgetResult) \
        use(PQgetisnull) \
        use(PQgetvalue) \
        use(PQisBusy) \
        use(PQlibVersion) \
        use(PQnfields) \
        use(PQntuples) \
        use(PQparameterStatus) \
        use(PQputCopyData) \
        use(PQputCopyEnd) \
        use(PQresultErrorField) \
        use(PQresultStatus) \
        use(PQsendQueryParams) \
        use(PQserverVersion) \
        use(PQsetErrorVerbosity) \
        use(PQsetNoticeProcessor) \
        use(PQsetnonblocking) \
        use(PQsocket) \
        use(PQstatus)
/* clang-format on */

#define PQ_API_MEMBER(name) typeof(name) *name;
typedef struct PqApi {
        PQ_API(PQ_API_MEMBER)
} PqApi;

/*
 * Loads it once, whoever asks. Returns 0, or -ELIBACC with *@reterr, a sentence that is the caller's. The calls are in *pq()
 * from then on.
 */
int pq_load(char **reterr);
const PqApi *pq(void);
