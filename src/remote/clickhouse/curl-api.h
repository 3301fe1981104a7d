/*
 * libcurl, loaded when the first remote needs it
 *
 * It brings thirty more libraries with it (TLS, Kerberos, LDAP ...): 5 MB of memory in each service, and most services have no
 * remote. The functions that we call are listed here, under their own names.
 */
#pragma once

#include <curl/curl.h>

/* clang-format off */
#define CURL_API(use) \
        use(curl_global_init) \
        use(curl_easy_init) \
        use(curl_easy_cleanup) \
        use(curl_easy_reset) \
        use(curl_easy_setopt) \
        use(curl_easy_getinfo) \
        use(curl_multi_init) \
        use(curl_multi_cleanup) \
        use(curl_multi_add_handle) \
        use(curl_multi_remove_handle) \
        use(curl_multi_perform) \
        use(curl_multi_poll) \
        use(curl_multi_wakeup) \
        use(curl_multi_info_read) \
        use(curl_slist_append) \
        use(curl_slist_free_all)
/* clang-format on */

/* curl's header has macros of these names, which check the types of their arguments. */
#undef curl_easy_setopt
#undef curl_easy_getinfo

#define CURL_API_MEMBER(name) typeof(name) *name;
typedef struct CurlApi {
        CURL_API(CURL_API_MEMBER)
} CurlApi;

/*
 * Loads and initializes it at the first call. Returns 0, or -ELIBACC with *@reterr, a sentence that the caller owns. From then
 * on, its functions are in *curl().
 */
int curl_load(char **reterr);
const CurlApi *curl(void);
