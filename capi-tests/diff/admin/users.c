#include "report.h"

static rd_kafka_UserScramCredentialAlteration_t *upsert(const char *user, int mechanism, int iterations, const char *password,
                                                        const char *salt) {
        return rd_kafka_UserScramCredentialUpsertion_new(name(user), (rd_kafka_ScramMechanism_t)mechanism, iterations,
                                                         (const unsigned char *)password, strlen(password),
                                                         (const unsigned char *)salt, salt ? strlen(salt) : 0);
}

static void alter(const char *label, rd_kafka_UserScramCredentialAlteration_t **all, size_t count) {
        rd_kafka_AlterUserScramCredentials(run.rk, all, count, options(RD_KAFKA_ADMIN_OP_ALTERUSERSCRAMCREDENTIALS, 20000, -2), run.q);
        show("AlterUserScramCredentials %s", label);
        rd_kafka_UserScramCredentialAlteration_destroy_array(all, count);
}

static void describe(const char *label, const char **users, size_t count) {
        const char *full[8];
        size_t i;
        for (i = 0; i < count; i++)
                full[i] = name(users[i]);
        rd_kafka_DescribeUserScramCredentials(run.rk, count ? full : NULL, count,
                                              options(RD_KAFKA_ADMIN_OP_DESCRIBEUSERSCRAMCREDENTIALS, 20000, -2), run.q);
        show("DescribeUserScramCredentials %s", label);
}

/* A broker learns of a change a little after the controller has made it. */
static void wait_for(const char *user, size_t mechanisms) {
        const char *full = name(user);
        int64_t until    = now_ms() + 30000;
        size_t have      = mechanisms + 1, count;
        while (have != mechanisms && now_ms() < until) {
                const rd_kafka_UserScramCredentialsDescription_t **all;
                rd_kafka_event_t *e;
                rd_kafka_DescribeUserScramCredentials(run.rk, &full, 1, NULL, run.q);
                e    = rd_kafka_queue_poll(run.q, 60000);
                all  = rd_kafka_DescribeUserScramCredentials_result_descriptions(rd_kafka_event_DescribeUserScramCredentials_result(e),
                                                                                 &count);
                have = count ? rd_kafka_UserScramCredentialsDescription_scramcredentialinfo_count(all[0]) : 0;
                rd_kafka_event_destroy(e);
                if (have != mechanisms)
                        usleep(20000);
        }
}

void users_subject(void) {
        const char *one[] = {"@u"}, *some[] = {"@v", "@gone", "@u"}, *same[] = {"@u", "@u"}, *empty[] = {""};
        rd_kafka_UserScramCredentialAlteration_t *a[4];
        a[0] = upsert("@u", RD_KAFKA_SCRAM_MECHANISM_SHA_256, 4096, "secret", "salt");
        a[1] = upsert("@v", RD_KAFKA_SCRAM_MECHANISM_SHA_512, 8192, "other", NULL);
        alter("two", a, 2);
        a[0] = upsert("@u", RD_KAFKA_SCRAM_MECHANISM_SHA_512, 4096, "secret", NULL);
        alter("a second mechanism", a, 1);
        a[0] = upsert("@w", RD_KAFKA_SCRAM_MECHANISM_SHA_256, 10, "secret", NULL);
        a[1] = upsert("@x", RD_KAFKA_SCRAM_MECHANISM_SHA_256, 100000, "secret", NULL);
        a[2] = upsert("@y", RD_KAFKA_SCRAM_MECHANISM_SHA_256, 4096, "secret", NULL);
        alter("iterations out of range", a, 3);
        a[0] = upsert("@z", RD_KAFKA_SCRAM_MECHANISM_SHA_256, 0, "secret", NULL);
        alter("no iterations", a, 1);
        a[0] = upsert("", RD_KAFKA_SCRAM_MECHANISM_SHA_256, 4096, "secret", NULL);
        alter("no user", a, 1);
        a[0] = upsert("@z", RD_KAFKA_SCRAM_MECHANISM_UNKNOWN, 4096, "secret", NULL);
        alter("no mechanism", a, 1);
        a[0] = upsert("@z", RD_KAFKA_SCRAM_MECHANISM_SHA_256, 4096, "", NULL);
        alter("no password", a, 1);
        a[0] = upsert("@u", RD_KAFKA_SCRAM_MECHANISM_SHA_256, 4096, "secret", NULL);
        a[1] = rd_kafka_UserScramCredentialDeletion_new(name("@u"), RD_KAFKA_SCRAM_MECHANISM_SHA_256);
        alter("one credential twice", a, 2);
        wait_for("@u", 2);
        wait_for("@v", 1);
        wait_for("@y", 1);
        describe("one", one, 1);
        describe("some", some, 3);
        describe("twice", same, 2);
        describe("empty name", empty, 1);
        describe("all", NULL, 0);
        a[0] = rd_kafka_UserScramCredentialDeletion_new(name("@u"), RD_KAFKA_SCRAM_MECHANISM_SHA_256);
        a[1] = rd_kafka_UserScramCredentialDeletion_new(name("@gone"), RD_KAFKA_SCRAM_MECHANISM_SHA_256);
        alter("delete some", a, 2);
        wait_for("@u", 1);
        describe("after that", some, 3);
        a[0] = rd_kafka_UserScramCredentialDeletion_new(name("@u"), RD_KAFKA_SCRAM_MECHANISM_SHA_512);
        a[1] = rd_kafka_UserScramCredentialDeletion_new(name("@v"), RD_KAFKA_SCRAM_MECHANISM_SHA_512);
        a[2] = rd_kafka_UserScramCredentialDeletion_new(name("@y"), RD_KAFKA_SCRAM_MECHANISM_SHA_256);
        alter("delete the rest", a, 3);
        wait_for("@u", 0);
        wait_for("@v", 0);
        alter("nothing", a, 0);
        describe("at the end", some, 3);
}
