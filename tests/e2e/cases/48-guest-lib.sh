# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC1091,SC2154,SC3043 # peer sets variables; local
# The examples of the guest library, as peers that check what they get, and a
# peer that is destroyed in the middle of a message.

. /overlay/peers.sh

case_hello()
{
    peer hello1 hello '"0x80000000+4K = hello"'
    peer hello2 hello '"0x80000000+4K = hello"'
    hear 20 hello2 "^hello: the greeting is: good morning$"
    hear 20 hello1 "^hello: the answer is: good evening$"
    destroy hello1 hello2
}

case_pingpong()
{
    peer ping pingpong '"0x80000000+8K = court, control=yes"'
    peer pong pingpong '"0x90000000+8K = court, control=yes"'
    hear 60 ping "^pingpong: played 100 rounds$"
    hear 60 pong "^pingpong: played 100 rounds$"
    destroy ping pong
}

STREAM='0x80000000+64K = stream, control=yes'

case_messages_with_checksums()
{
    peer consumer1 stream-consumer "\"$STREAM\""
    peer producer1 stream-producer "\"$STREAM\""
    hear 60 consumer1 "^consumer: received 10000 messages, all right$"
    hear 60 producer1 "^producer: sent 10000 messages$"
    destroy consumer1 producer1
}

# Once of each producer.
counted_twice()
{
    [ "$(lines "$1" | grep -c "received 5000 messages, all right")" -ge 2 ]
}

# Whatever the producer was doing.
case_a_producer_that_is_destroyed_in_the_middle()
{
    local old

    peer consumer2 stream-consumer "\"$STREAM\""
    peer producer2 stream-producer "\"$STREAM\""
    hear 60 consumer2 "^consumer: received 5000 messages, all right$"
    old=$producer2
    destroy producer2
    within_a_second says consumer2 \
        "^consumer: the producer is gone after [0-9]* messages$"

    peer producer2 stream-producer "\"$STREAM\""
    [ "$producer2" -ne "$old" ] || fail "the same domain"
    hear 10 consumer2 "^consumer: the producer started anew,\
 generation $(generation stream)$"
    # From the first one on, in the new session.
    hear 60 producer2 "^producer: sent 5000 messages$"
    wait_for 60 counted_twice consumer2 || fail "$(lines consumer2)"
    ! says consumer2 WRONG || fail "$(lines consumer2)"
    destroy consumer2 producer2
}

case_a_consumer_that_is_destroyed_in_the_middle()
{
    peer consumer3 stream-consumer "\"$STREAM\""
    peer producer3 stream-producer "\"$STREAM\""
    hear 60 consumer3 "^consumer: received 5000 messages, all right$"
    destroy consumer3
    peer consumer4 stream-consumer "\"$STREAM\""
    hear 10 producer3 "^producer: the consumer started anew$"
    hear 60 consumer4 "^consumer: received [0-9]* messages, all right$"
    destroy consumer4 producer3
}

# The one before it in the table is detached, so that its own entry moves. The
# guest learns of its peer's end all the same.
case_a_guest_whose_other_region_is_detached()
{
    peer consumer5 stream-consumer "\"0x90000000+4K = other\", \"$STREAM\""
    peer producer5 stream-producer "\"$STREAM\""
    hear 60 consumer5 "^consumer: received [0-9]* messages, all right$"
    must xl shared-mem-detach consumer5 other
    must xl destroy producer5
    hear 10 consumer5 "^consumer: the producer is gone after [0-9]* messages$"
    peer producer6 stream-producer "\"$STREAM\""
    hear 10 consumer5 "^consumer: the producer started anew, generation [0-9]*$"
    hear 60 producer6 "^producer: sent 5000 messages$"
    ! says consumer5 WRONG || fail "$(lines consumer5)"
    destroy consumer5 producer6
}

case_the_latest_value_is_never_torn()
{
    peer sensor1 sensor-writer '"0x80000000+4K = sensor"'
    peer reader1 sensor-reader '"0x80000000+4K = sensor"'
    peer reader2 sensor-reader '"0x90000000+4K = sensor, prot=ro"'
    hear 60 reader1 "^reader: took 500 samples, all whole$"
    hear 60 reader2 "^reader: took 500 samples, all whole$"
    destroy sensor1 reader1 reader2
}

case_the_flow_of_a_qnx_guest()
{
    peer qnx1 qnx '"0x80000000+8K = whiteboard, control=yes"'
    peer qnx2 qnx '"0x90000000+8K = whiteboard, control=yes"'
    hear 20 qnx1 "^qnx: client 1 says: written by a client$"
    hear 20 qnx2 "^qnx: client 0 says: written by a client$"
    hear 20 qnx1 "^qnx: detached$"
    hear 20 qnx2 "^qnx: detached$"
    destroy qnx1 qnx2
}
