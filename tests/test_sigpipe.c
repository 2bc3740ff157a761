/* SPDX-License-Identifier: MIT */
/* SIGPIPE has its default action here: one that came through would end the
 * test. */
#include "http/sigpipe.h"

#include "tests.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

static int is_member(const sigset_t *set)
{
    return sigismember(set, SIGPIPE);
}

static int is_blocked(void)
{
    sigset_t set;

    pthread_sigmask(SIG_BLOCK, NULL, &set);
    return is_member(&set);
}

static int is_pending(void)
{
    sigset_t set;

    sigpending(&set);
    return is_member(&set);
}

static void block(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void unblock(void)
{
    const struct timespec at_once = {0, 0};
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    sigtimedwait(&set, NULL, &at_once);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void write_to_nobody(void)
{
    int fd[2];

    ck_assert_int_eq(pipe(fd), 0);
    close(fd[0]);
    ck_assert_int_eq((int)write(fd[1], "x", 1), -1);
    close(fd[1]);
}

START_TEST(keeps_one_that_we_raise_off_the_thread)
{
    ddbi_sigpipe g;

    for (int i = 0; i < 3; i++) {
        g = ddbi_sigpipe_block(1);
        ck_assert(is_blocked());
        write_to_nobody();
        write_to_nobody();
        ddbi_sigpipe_restore(&g);
        ck_assert(!is_pending());
        ck_assert(!is_blocked());
    }
}
END_TEST

START_TEST(takes_ours_away_where_it_was_blocked_before)
{
    ddbi_sigpipe g;

    block();
    g = ddbi_sigpipe_block(1);
    write_to_nobody();
    ddbi_sigpipe_restore(&g);
    ck_assert(!is_pending());
    ck_assert(is_blocked());
}
END_TEST

START_TEST(leaves_the_programs_own_where_it_is)
{
    ddbi_sigpipe g;

    block();
    write_to_nobody();
    ck_assert(is_pending());
    g = ddbi_sigpipe_block(1);
    write_to_nobody();
    ddbi_sigpipe_restore(&g);
    ck_assert(is_pending());
    ck_assert(is_blocked());
}
END_TEST

START_TEST(does_nothing_when_not_wanted)
{
    ddbi_sigpipe g = ddbi_sigpipe_block(0);

    ck_assert(!is_blocked());
    block();
    write_to_nobody();
    ddbi_sigpipe_restore(&g);
    ck_assert(is_pending());
    ck_assert(is_blocked());
}
END_TEST

Suite *suite_sigpipe(void)
{
    Suite *s = suite_create("sigpipe");
    TCase *t = tcase_create("sigpipe");

    tcase_add_checked_fixture(t, NULL, unblock);
    tcase_add_test(t, keeps_one_that_we_raise_off_the_thread);
    tcase_add_test(t, takes_ours_away_where_it_was_blocked_before);
    tcase_add_test(t, leaves_the_programs_own_where_it_is);
    tcase_add_test(t, does_nothing_when_not_wanted);
    suite_add_tcase(s, t);
    return s;
}
