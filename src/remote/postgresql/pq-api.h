/*
 * libpq, loaded when the first remote needs it
 *
 * Most services have no remote, and libpq brings TLS, Kerberos and LDAP with it. The functions that we call are listed here,
 * under their own names.
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
 * Loads it at the first call. Returns 0, or -ELIBACC with *@reterr, a sentence that the caller owns. From then on, its
 * functions are in *pq().
 */
int pq_load(char **reterr);
const PqApi *pq(void);
