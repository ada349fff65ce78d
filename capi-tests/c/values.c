/*
 * Objects that need no client and no broker: errors, partition lists, headers, ids, group metadata, memory, names.
 */
#include "client.h"

/* errno2err and errno are deprecated, and tested all the same. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

/* ---- errors ---- */

static void error_texts(void) {
        const struct rd_kafka_err_desc *table = NULL;
        size_t cnt                            = 0, i, named = 0;

        rd_kafka_get_err_descs(&table, &cnt);
        NEED(table && cnt > 300, "%zu rows", cnt);
        for (i = 0; i < cnt; i++) {
                if (!table[i].name || !table[i].desc)
                        continue;
                named++;
                CHECK(!strcmp(rd_kafka_err2name(table[i].code), table[i].name), "%d", table[i].code);
                CHECK(!strcmp(rd_kafka_err2str(table[i].code), table[i].desc), "%d", table[i].code);
                CHECK((int)i == table[i].code + 200, "row %zu has %d", i, table[i].code);
        }
        CHECK(named > 180, "%zu names", named);
        CHECK(!strcmp(rd_kafka_err2str(RD_KAFKA_RESP_ERR__TIMED_OUT), "Local: Timed out"), "text");
        CHECK(!strcmp(rd_kafka_err2name(RD_KAFKA_RESP_ERR__TIMED_OUT), "_TIMED_OUT"), "name");
        CHECK(!strcmp(rd_kafka_err2str((rd_kafka_resp_err_t)4711), "Err-4711?"), "unknown text");
        CHECK(!strcmp(rd_kafka_err2name((rd_kafka_resp_err_t)-4711), "ERR_-4711?"), "unknown name");
        CHECK(!strcmp(rd_kafka_err2str(RD_KAFKA_RESP_ERR__END), "Err--100?"), "range marker");
}

static void error_objects(void) {
        char big[5000];
        rd_kafka_error_t *error;

        error = rd_kafka_error_new(RD_KAFKA_RESP_ERR__STATE, "%s is %d and %s %" PRId64 " %.2f", "one", 2, "three",
                                   (int64_t)4000000000000, 5.25);
        NEED(error, "no error");
        CHECK_ERR(rd_kafka_error_code(error), RD_KAFKA_RESP_ERR__STATE);
        CHECK(!strcmp(rd_kafka_error_string(error), "one is 2 and three 4000000000000 5.25"), "%s",
              rd_kafka_error_string(error));
        CHECK(!strcmp(rd_kafka_error_name(error), "_STATE"), "%s", rd_kafka_error_name(error));
        CHECK(!rd_kafka_error_is_fatal(error) && !rd_kafka_error_is_retriable(error) &&
                  !rd_kafka_error_txn_requires_abort(error),
              "flags");
        rd_kafka_error_destroy(error);

        memset(big, 'x', sizeof(big) - 1);
        big[sizeof(big) - 1] = '\0';
        error                = rd_kafka_error_new(RD_KAFKA_RESP_ERR_NO_ERROR, "%s!", big);
        CHECK(strlen(rd_kafka_error_string(error)) == sizeof(big), "%zu", strlen(rd_kafka_error_string(error)));
        rd_kafka_error_destroy(error);

        error = rd_kafka_error_new(RD_KAFKA_RESP_ERR__FAIL, NULL);
        CHECK(!strcmp(rd_kafka_error_string(error), rd_kafka_err2str(RD_KAFKA_RESP_ERR__FAIL)), "%s",
              rd_kafka_error_string(error));
        rd_kafka_error_destroy(error);

        rd_kafka_error_destroy(NULL);
        CHECK_ERR(rd_kafka_error_code(NULL), RD_KAFKA_RESP_ERR_NO_ERROR);
        CHECK(!strcmp(rd_kafka_error_string(NULL), ""), "text of null");
        CHECK(!strcmp(rd_kafka_error_name(NULL), ""), "name of null");
}

/* ---- partition lists ---- */

static int by_offset_downwards(const void *a, const void *b, void *opaque) {
        const rd_kafka_topic_partition_t *x = a, *y = b;
        ++*(int *)opaque;
        return x->offset < y->offset ? 1 : x->offset > y->offset ? -1 : 0;
}

static void partition_lists(void) {
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1), *copy;
        rd_kafka_topic_partition_t *p;
        int i, calls = 0;

        rd_kafka_topic_partition_list_add_range(list, "range", 0, 999);
        p = rd_kafka_topic_partition_list_add(list, "alpha", 5);
        CHECK(p->offset == RD_KAFKA_OFFSET_INVALID && !p->err && !p->metadata && !p->opaque, "a new element");
        CHECK(list->cnt == 1001 && list->size >= list->cnt, "%d of %d", list->cnt, list->size);
        CHECK(rd_kafka_topic_partition_get_leader_epoch(p) == -1, "epoch");
        rd_kafka_topic_partition_set_leader_epoch(p, 17);
        p->metadata      = strdup("some metadata");
        p->metadata_size = strlen("some metadata");
        p->opaque        = &calls;
        p->err           = RD_KAFKA_RESP_ERR__NO_OFFSET;

        for (i = 0; i < 1000; i++)
                CHECK_ERR(rd_kafka_topic_partition_list_set_offset(list, "range", i, i % 7 * 1000 + i),
                          RD_KAFKA_RESP_ERR_NO_ERROR);
        CHECK_ERR(rd_kafka_topic_partition_list_set_offset(list, "range", 1000, 1), RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION);
        CHECK_ERR(rd_kafka_topic_partition_list_set_offset(list, "alpha", 5, -7), RD_KAFKA_RESP_ERR_NO_ERROR);

        rd_kafka_topic_partition_list_sort(list, by_offset_downwards, &calls);
        CHECK(calls > 1000, "%d comparisons", calls);
        for (i = 1; i < list->cnt; i++)
                CHECK(list->elems[i - 1].offset >= list->elems[i].offset, "at %d", i);
        rd_kafka_topic_partition_list_sort(list, NULL, NULL);
        CHECK(!strcmp(list->elems[0].topic, "alpha"), "%s", list->elems[0].topic);
        for (i = 1; i < list->cnt; i++)
                CHECK(list->elems[i].partition == i - 1, "%d at %d", list->elems[i].partition, i);

        copy = rd_kafka_topic_partition_list_copy(list);
        rd_kafka_topic_partition_list_destroy(list);
        p = rd_kafka_topic_partition_list_find(copy, "alpha", 5);
        NEED(p, "not in the copy");
        CHECK(p->offset == -7 && p->opaque == &calls && p->err == RD_KAFKA_RESP_ERR__NO_OFFSET, "the copy's fields");
        CHECK(p->metadata_size == 13 && !memcmp(p->metadata, "some metadata", 13), "the copy's metadata");
        CHECK(rd_kafka_topic_partition_get_leader_epoch(p) == 17, "the copy's epoch");

        CHECK(!rd_kafka_topic_partition_list_find(copy, "alpha", 6), "found what is not there");
        CHECK(rd_kafka_topic_partition_list_del(copy, "range", 500) == 1, "delete");
        CHECK(rd_kafka_topic_partition_list_del(copy, "range", 500) == 0, "delete twice");
        CHECK(rd_kafka_topic_partition_list_del_by_idx(copy, 0) == 1, "delete by index");
        CHECK(rd_kafka_topic_partition_list_del_by_idx(copy, 999) == 0, "delete behind the end");
        CHECK(copy->cnt == 999 && copy->elems[0].partition == 0 && copy->elems[998].partition == 999, "what is left");
        rd_kafka_topic_partition_list_destroy(copy);
}

/* ---- headers ---- */

static void headers(void) {
        rd_kafka_headers_t *hdrs = rd_kafka_headers_new(2), *copy;
        const void *value;
        const char *name;
        size_t size, i;

        rd_kafka_header_add(hdrs, "a", -1, "first", -1);
        rd_kafka_header_add(hdrs, "bxx", 1, "\0\1\2", 3);
        rd_kafka_header_add(hdrs, "a", -1, NULL, 0);
        rd_kafka_header_add(hdrs, "a", -1, "", 0);
        CHECK(rd_kafka_header_cnt(hdrs) == 4, "%zu", rd_kafka_header_cnt(hdrs));

        CHECK_ERR(rd_kafka_header_get(hdrs, 0, "a", &value, &size), RD_KAFKA_RESP_ERR_NO_ERROR);
        CHECK(size == 5 && !strcmp(value, "first"), "%zu", size);
        CHECK_ERR(rd_kafka_header_get(hdrs, 1, "a", &value, &size), RD_KAFKA_RESP_ERR_NO_ERROR);
        CHECK(!value && size == 0, "a null value");
        CHECK_ERR(rd_kafka_header_get_last(hdrs, "a", &value, &size), RD_KAFKA_RESP_ERR_NO_ERROR);
        CHECK(value && size == 0, "an empty value");
        CHECK_ERR(rd_kafka_header_get(hdrs, 3, "a", &value, &size), RD_KAFKA_RESP_ERR__NOENT);
        CHECK_ERR(rd_kafka_header_get_last(hdrs, "bxx", &value, &size), RD_KAFKA_RESP_ERR__NOENT);
        CHECK_ERR(rd_kafka_header_get_last(hdrs, "b", &value, &size), RD_KAFKA_RESP_ERR_NO_ERROR);
        CHECK(size == 3 && !memcmp(value, "\0\1\2\0", 4), "binary, and a NUL behind it");

        copy = rd_kafka_headers_copy(hdrs);
        CHECK_ERR(rd_kafka_header_remove(hdrs, "a"), RD_KAFKA_RESP_ERR_NO_ERROR);
        CHECK_ERR(rd_kafka_header_remove(hdrs, "a"), RD_KAFKA_RESP_ERR__NOENT);
        CHECK(rd_kafka_header_cnt(hdrs) == 1, "%zu", rd_kafka_header_cnt(hdrs));
        rd_kafka_headers_destroy(hdrs);

        for (i = 0; !rd_kafka_header_get_all(copy, i, &name, &value, &size); i++)
                CHECK(!strcmp(name, i == 1 ? "b" : "a"), "%s at %zu", name, i);
        CHECK(i == 4, "%zu in the copy", i);
        rd_kafka_headers_destroy(copy);
}

/* ---- ids, memory, names, versions ---- */

static void ids(void) {
        rd_kafka_Uuid_t *id   = rd_kafka_Uuid_new(-1, 1), *copy;
        const char *text      = rd_kafka_Uuid_base64str(id);

        CHECK(!strcmp(text, "//////////8AAAAAAAAAAQ"), "%s", text);
        copy = rd_kafka_Uuid_copy(id);
        rd_kafka_Uuid_destroy(id);
        CHECK(rd_kafka_Uuid_most_significant_bits(copy) == -1, "upper half");
        CHECK(rd_kafka_Uuid_least_significant_bits(copy) == 1, "lower half");
        CHECK(!strcmp(rd_kafka_Uuid_base64str(copy), "//////////8AAAAAAAAAAQ"), "%s", rd_kafka_Uuid_base64str(copy));
        rd_kafka_Uuid_destroy(copy);
}

static void memory(void) {
        char *zeroed = rd_kafka_mem_calloc(NULL, 3, 5), *plain = rd_kafka_mem_malloc(NULL, 16);
        int i;

        for (i = 0; i < 15; i++)
                CHECK(!zeroed[i], "byte %d", i);
        memset(plain, 1, 16);
        rd_kafka_mem_free(NULL, zeroed);
        /* One allocator for all. */
        free(plain);
        rd_kafka_mem_free(NULL, strdup("x"));
}

static void names(void) {
        CHECK(!strcmp(rd_kafka_consumer_group_state_name(RD_KAFKA_CONSUMER_GROUP_STATE_STABLE), "Stable"), "state");
        CHECK(!rd_kafka_consumer_group_state_name(RD_KAFKA_CONSUMER_GROUP_STATE__CNT), "no state");
        CHECK(!rd_kafka_consumer_group_state_name((rd_kafka_consumer_group_state_t)-1), "no state");
        CHECK(rd_kafka_consumer_group_state_code("completingrebalance") ==
                  RD_KAFKA_CONSUMER_GROUP_STATE_COMPLETING_REBALANCE,
              "state by name");
        CHECK(rd_kafka_consumer_group_state_code("what") == RD_KAFKA_CONSUMER_GROUP_STATE_UNKNOWN, "state by no name");
        CHECK(!strcmp(rd_kafka_consumer_group_type_name(RD_KAFKA_CONSUMER_GROUP_TYPE_CLASSIC), "Classic"), "type");
        CHECK(rd_kafka_consumer_group_type_code("CONSUMER") == RD_KAFKA_CONSUMER_GROUP_TYPE_CONSUMER, "type by name");
        CHECK_ERR(rd_kafka_errno2err(ETIMEDOUT), RD_KAFKA_RESP_ERR__TIMED_OUT);
        CHECK_ERR(rd_kafka_errno2err(EMSGSIZE), RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
        CHECK_ERR(rd_kafka_errno2err(12345), RD_KAFKA_RESP_ERR__FAIL);
        errno = EBUSY;
        CHECK(rd_kafka_errno() == EBUSY, "errno");
        CHECK(rd_kafka_version() == RD_KAFKA_VERSION || is_upstream(), "0x%08x", (unsigned)rd_kafka_version());
        CHECK(!strncmp(rd_kafka_version_str(), "2.16.0", 6) || is_upstream(), "%s", rd_kafka_version_str());
        CHECK(!strcmp(rd_kafka_get_debug_contexts(), RD_KAFKA_DEBUG_CONTEXTS) || is_upstream(), "%s",
              rd_kafka_get_debug_contexts());
}

/* ---- group metadata ---- */

static void group_metadata(void) {
        rd_kafka_consumer_group_metadata_t *meta, *read = NULL;
        rd_kafka_error_t *error;
        void *buffer = NULL;
        size_t size  = 0, i;

        meta  = rd_kafka_consumer_group_metadata_new_with_genid("group", 42, "member", "instance");
        error = rd_kafka_consumer_group_metadata_write(meta, &buffer, &size);
        NEED(!error && buffer && size, "write: %s", rd_kafka_error_string(error));
        rd_kafka_consumer_group_metadata_destroy(meta);
        CHECK(!memcmp(buffer, "CGMDv2:\x2a\0\0\0group\0member\0\0instance", size), "the serialised form");

        error = rd_kafka_consumer_group_metadata_read(&read, buffer, size);
        NEED(!error && read, "read: %s", rd_kafka_error_string(error));
        CHECK(!strcmp(rd_kafka_consumer_group_metadata_group_id(read), "group"), "group");
        CHECK(!strcmp(rd_kafka_consumer_group_metadata_member_id(read), "member"), "member");
        CHECK(!strcmp(rd_kafka_consumer_group_metadata_group_instance_id(read), "instance"), "instance");
        CHECK(rd_kafka_consumer_group_metadata_generation_id(read) == 42, "generation");
        rd_kafka_consumer_group_metadata_destroy(read);

        for (i = 0; i < 14; i++) {
                error = rd_kafka_consumer_group_metadata_read(&read, buffer, i);
                NEED(error, "%zu bytes were enough", i);
                CHECK_ERR(rd_kafka_error_code(error), RD_KAFKA_RESP_ERR__BAD_MSG);
                CHECK_HAS(rd_kafka_error_string(error), "too short");
                rd_kafka_error_destroy(error);
        }
        memcpy(buffer, "XX", 2);
        error = rd_kafka_consumer_group_metadata_read(&read, buffer, size);
        CHECK_ERR(rd_kafka_error_code(error), RD_KAFKA_RESP_ERR__BAD_MSG);
        CHECK_HAS(rd_kafka_error_string(error), "not a serialized");
        rd_kafka_error_destroy(error);
        rd_kafka_mem_free(NULL, buffer);

        meta = rd_kafka_consumer_group_metadata_new("alone");
        CHECK(rd_kafka_consumer_group_metadata_generation_id(meta) == -1, "generation");
        CHECK(!strcmp(rd_kafka_consumer_group_metadata_member_id(meta), ""), "member");
        CHECK(!rd_kafka_consumer_group_metadata_group_instance_id(meta), "instance");
        rd_kafka_consumer_group_metadata_destroy(meta);
}

/* ---- arguments of admin requests ---- */

static void admin_arguments(void) {
        char errstr[256];
        int32_t brokers[2] = {1, 2};
        rd_kafka_NewTopic_t *topics[2];
        rd_kafka_NewPartitions_t *parts;
        rd_kafka_DeleteTopic_t *deleted;
        rd_kafka_DeleteGroup_t *group;
        rd_kafka_UserScramCredentialAlteration_t *scram[2];

        CHECK(!rd_kafka_NewTopic_new("t", -2, 1, errstr, sizeof(errstr)), "partitions");
        CHECK_HAS(errstr, "num_partitions out of expected range 1..100000 or -1");
        CHECK(!rd_kafka_NewTopic_new("t", 1, 10001, errstr, sizeof(errstr)), "replicas");
        CHECK_HAS(errstr, "replication_factor out of expected range -1..10000");
        topics[0] = rd_kafka_NewTopic_new("t", 2, -1, errstr, sizeof(errstr));
        topics[1] = rd_kafka_NewTopic_new("u", 2, 1, errstr, sizeof(errstr));
        NEED(topics[0] && topics[1], "%s", errstr);
        CHECK_ERR(rd_kafka_NewTopic_set_replica_assignment(topics[0], 1, brokers, 2, errstr, sizeof(errstr)),
                  RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK_HAS(errstr, "expecting partition 0, not 1");
        CHECK_ERR(rd_kafka_NewTopic_set_replica_assignment(topics[0], 0, brokers, 2, errstr, sizeof(errstr)),
                  RD_KAFKA_RESP_ERR_NO_ERROR);
        CHECK_ERR(rd_kafka_NewTopic_set_replica_assignment(topics[1], 0, brokers, 2, errstr, sizeof(errstr)),
                  RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK_HAS(errstr, "mutually exclusive");
        CHECK_ERR(rd_kafka_NewTopic_set_config(topics[0], "retention.ms", "1"), RD_KAFKA_RESP_ERR_NO_ERROR);
        CHECK_ERR(rd_kafka_NewTopic_set_config(topics[0], NULL, "1"), RD_KAFKA_RESP_ERR__INVALID_ARG);
        rd_kafka_NewTopic_destroy_array(topics, 2);

        CHECK(!rd_kafka_NewPartitions_new("t", 0, errstr, sizeof(errstr)), "no partitions");
        CHECK_HAS(errstr, "new_total_cnt out of expected range 1..100000");
        parts = rd_kafka_NewPartitions_new("t", 5, errstr, sizeof(errstr));
        CHECK_ERR(rd_kafka_NewPartitions_set_replica_assignment(parts, 2, brokers, 2, errstr, sizeof(errstr)),
                  RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK_HAS(errstr, "expecting partition index 0, not 2");
        rd_kafka_NewPartitions_destroy(parts);

        deleted = rd_kafka_DeleteTopic_new("t");
        rd_kafka_DeleteTopic_destroy_array(&deleted, 1);
        group = rd_kafka_DeleteGroup_new("g");
        rd_kafka_DeleteGroup_destroy(group);
        scram[0] = rd_kafka_UserScramCredentialUpsertion_new("user", RD_KAFKA_SCRAM_MECHANISM_SHA_256, 4096,
                                                             (const unsigned char *)"secret", 6, NULL, 0);
        scram[1] = rd_kafka_UserScramCredentialDeletion_new("user", RD_KAFKA_SCRAM_MECHANISM_SHA_512);
        NEED(scram[0] && scram[1], "scram");
        rd_kafka_UserScramCredentialAlteration_destroy_array(scram, 2);
}

static void admin_acls(void) {
        char errstr[256];
        rd_kafka_AclBinding_t *acl;
        rd_kafka_AclBindingFilter_t *filter;

        CHECK(!rd_kafka_AclBinding_new(RD_KAFKA_RESOURCE_TOPIC, NULL, RD_KAFKA_RESOURCE_PATTERN_LITERAL, "p", "h",
                                       RD_KAFKA_ACL_OPERATION_READ, RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW, errstr,
                                       sizeof(errstr)),
              "no name");
        CHECK_HAS(errstr, "Invalid resource name");
        CHECK(!rd_kafka_AclBinding_new(RD_KAFKA_RESOURCE_TOPIC, "n", RD_KAFKA_RESOURCE_PATTERN_MATCH, "p", "h",
                                       RD_KAFKA_ACL_OPERATION_READ, RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW, errstr,
                                       sizeof(errstr)),
              "a filter's pattern");
        CHECK_HAS(errstr, "Invalid resource pattern type");
        acl = rd_kafka_AclBinding_new(RD_KAFKA_RESOURCE_TOPIC, "n", RD_KAFKA_RESOURCE_PATTERN_LITERAL, "p", "h",
                                      RD_KAFKA_ACL_OPERATION_READ, RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW, errstr,
                                      sizeof(errstr));
        NEED(acl, "%s", errstr);
        CHECK(!strcmp(rd_kafka_AclBinding_name(acl), "n") && !strcmp(rd_kafka_AclBinding_principal(acl), "p") &&
                  !strcmp(rd_kafka_AclBinding_host(acl), "h"),
              "texts");
        CHECK(rd_kafka_AclBinding_restype(acl) == RD_KAFKA_RESOURCE_TOPIC &&
                  rd_kafka_AclBinding_resource_pattern_type(acl) == RD_KAFKA_RESOURCE_PATTERN_LITERAL &&
                  rd_kafka_AclBinding_operation(acl) == RD_KAFKA_ACL_OPERATION_READ &&
                  rd_kafka_AclBinding_permission_type(acl) == RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW,
              "numbers");
        rd_kafka_AclBinding_destroy(acl);

        filter = rd_kafka_AclBindingFilter_new(RD_KAFKA_RESOURCE_ANY, NULL, RD_KAFKA_RESOURCE_PATTERN_MATCH, NULL, NULL,
                                               RD_KAFKA_ACL_OPERATION_ANY, RD_KAFKA_ACL_PERMISSION_TYPE_ANY, errstr,
                                               sizeof(errstr));
        NEED(filter, "%s", errstr);
        CHECK(!rd_kafka_AclBinding_name(filter), "a name");
        rd_kafka_AclBinding_destroy(filter);

        CHECK(!strcmp(rd_kafka_AclOperation_name(RD_KAFKA_ACL_OPERATION_IDEMPOTENT_WRITE), "IDEMPOTENT_WRITE"), "name");
        CHECK(!strcmp(rd_kafka_AclPermissionType_name((rd_kafka_AclPermissionType_t)4), "UNSUPPORTED"), "no name");
        CHECK(!strcmp(rd_kafka_ResourceType_name(RD_KAFKA_RESOURCE_BROKER), "BROKER"), "name");
        CHECK(!strcmp(rd_kafka_ResourcePatternType_name(RD_KAFKA_RESOURCE_PATTERN_PREFIXED), "PREFIXED"), "name");
        CHECK(!strcmp(rd_kafka_ConfigSource_name(RD_KAFKA_CONFIG_SOURCE_GROUP_CONFIG), "GROUP_CONFIG"), "name");
        CHECK(!strcmp(rd_kafka_ConfigSource_name((rd_kafka_ConfigSource_t)-1), "UNSUPPORTED"), "no name");
}

static void admin_resources(void) {
        rd_kafka_ConfigResource_t *config;
        rd_kafka_error_t *error;

        CHECK(!rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, ""), "an empty name");
        CHECK(!rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, NULL), "no name");
        config = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, "t");
        NEED(config, "no resource");
        CHECK(!strcmp(rd_kafka_ConfigResource_name(config), "t"), "%s", rd_kafka_ConfigResource_name(config));
        CHECK(rd_kafka_ConfigResource_type(config) == RD_KAFKA_RESOURCE_TOPIC, "type");
        CHECK_ERR(rd_kafka_ConfigResource_set_config(config, "a", "b"), RD_KAFKA_RESP_ERR_NO_ERROR);
        CHECK_ERR(rd_kafka_ConfigResource_set_config(config, "", "b"), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK_ERR(rd_kafka_ConfigResource_set_config(config, "a", NULL), RD_KAFKA_RESP_ERR__INVALID_ARG);
        error = rd_kafka_ConfigResource_add_incremental_config(config, "a", RD_KAFKA_ALTER_CONFIG_OP_TYPE_DELETE, NULL);
        CHECK(!error, "%s", rd_kafka_error_string(error));
        error = rd_kafka_ConfigResource_add_incremental_config(config, "a", RD_KAFKA_ALTER_CONFIG_OP_TYPE_APPEND, NULL);
        CHECK_ERR(rd_kafka_error_code(error), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK_HAS(rd_kafka_error_string(error), "value");
        rd_kafka_error_destroy(error);
        error = rd_kafka_ConfigResource_add_incremental_config(config, "", RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET, "b");
        CHECK_HAS(rd_kafka_error_string(error), "empty");
        rd_kafka_error_destroy(error);
        error = rd_kafka_ConfigResource_add_incremental_config(config, "a", RD_KAFKA_ALTER_CONFIG_OP_TYPE__CNT, "b");
        CHECK_HAS(rd_kafka_error_string(error), "operation type");
        rd_kafka_error_destroy(error);
        rd_kafka_ConfigResource_destroy(config);
}

static void admin_partitions(void) {
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
        rd_kafka_DeleteRecords_t *records;
        rd_kafka_ElectLeaders_t *elect;
        rd_kafka_ListConsumerGroupOffsets_t *offsets[2];
        rd_kafka_AlterConsumerGroupOffsets_t *altered;
        rd_kafka_DeleteConsumerGroupOffsets_t *deleted;
        rd_kafka_TopicCollection_t *topics;
        const char *names[] = {"a", "b"};

        rd_kafka_topic_partition_list_add(list, "t", 0)->offset = 5;
        records    = rd_kafka_DeleteRecords_new(list);
        elect      = rd_kafka_ElectLeaders_new(RD_KAFKA_ELECTION_TYPE_UNCLEAN, list);
        offsets[0] = rd_kafka_ListConsumerGroupOffsets_new("g", list);
        offsets[1] = rd_kafka_ListConsumerGroupOffsets_new("g", NULL);
        altered    = rd_kafka_AlterConsumerGroupOffsets_new("g", list);
        deleted    = rd_kafka_DeleteConsumerGroupOffsets_new("g", list);
        topics     = rd_kafka_TopicCollection_of_topic_names(names, 2);
        /* Each has its own copy. */
        rd_kafka_topic_partition_list_destroy(list);
        NEED(records && elect && offsets[0] && offsets[1] && altered && deleted && topics, "one is missing");
        rd_kafka_DeleteRecords_destroy_array(&records, 1);
        rd_kafka_ElectLeaders_destroy(elect);
        rd_kafka_ListConsumerGroupOffsets_destroy_array(offsets, 2);
        rd_kafka_AlterConsumerGroupOffsets_destroy(altered);
        rd_kafka_DeleteConsumerGroupOffsets_destroy_array(&deleted, 1);
        rd_kafka_TopicCollection_destroy(topics);
}

/* ---- handles of the wrong kind ---- */

static void wrong_handles(void) {
        rd_kafka_headers_t *hdrs = rd_kafka_headers_new(0);
        rd_kafka_Uuid_t *id      = rd_kafka_Uuid_new(0, 0);
        const void *value;
        size_t size;

        if (is_upstream()) {
                rd_kafka_headers_destroy(hdrs);
                rd_kafka_Uuid_destroy(id);
                SKIP("librdkafka does not notice them");
        }
        CHECK_ERR(rd_kafka_header_add((rd_kafka_headers_t *)id, "a", -1, "b", -1), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK_ERR(rd_kafka_header_get_last((rd_kafka_headers_t *)id, "a", &value, &size), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK_ERR(rd_kafka_header_add(NULL, "a", -1, "b", -1), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK(!rd_kafka_Uuid_copy((rd_kafka_Uuid_t *)hdrs), "copied what is no id");
        CHECK(rd_kafka_header_cnt(NULL) == 0, "count of null");
        rd_kafka_Uuid_destroy((rd_kafka_Uuid_t *)hdrs);
        CHECK(rd_kafka_header_cnt(hdrs) == 0, "still there");
        rd_kafka_headers_destroy(hdrs);
        rd_kafka_Uuid_destroy(id);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(error_texts);
        RUN(error_objects);
        RUN(partition_lists);
        RUN(headers);
        RUN(ids);
        RUN(memory);
        RUN(names);
        RUN(group_metadata);
        RUN(admin_arguments);
        RUN(admin_acls);
        RUN(admin_resources);
        RUN(admin_partitions);
        RUN(wrong_handles);
        return T_END();
}
