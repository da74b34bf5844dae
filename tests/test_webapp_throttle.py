"""How guessing is slowed down."""

from __future__ import annotations

from webapp.throttle import FORGET, FREE, FREE_OF_USER, LONGEST, MOST, Throttle, user_key


def test_three_are_free_then_each_doubles_the_pause() -> None:
    throttle = Throttle()
    pauses = []
    now = 1000.0
    for _ in range(12):
        now += throttle.pause("192.0.2.1", now)
        throttle.failed("192.0.2.1", now)
        pauses.append(throttle.pause("192.0.2.1", now))
    assert pauses[: FREE - 1] == [0.0] * (FREE - 1)
    assert pauses[FREE - 1 :] == [1, 2, 4, 8, 16, 32, LONGEST, LONGEST, LONGEST, LONGEST]


def test_the_pause_runs_out_and_all_is_forgotten_after_an_hour() -> None:
    throttle = Throttle()
    for _ in range(FREE + 3):
        throttle.failed("192.0.2.1", 1000.0)
    assert throttle.pause("192.0.2.1", 1005.0) == 3.0
    assert throttle.pause("192.0.2.1", 1008.0) == 0.0
    throttle.failed("192.0.2.1", 1000.0 + FORGET + 1)
    assert throttle.pause("192.0.2.1", 1000.0 + FORGET + 1) == 0.0


def test_addresses_are_apart_but_the_network_of_one_machine_is_one() -> None:
    throttle = Throttle()
    for number in range(FREE):
        throttle.failed("192.0.2.1", 0.0)
        throttle.failed(f"2001:db8::{number}", 0.0)
    assert throttle.pause("192.0.2.1", 0.0) > 0
    assert throttle.pause("192.0.2.2", 0.0) == 0.0
    assert throttle.pause("2001:db8::abcd", 0.0) > 0
    assert throttle.pause("2001:db8:0:1::1", 0.0) == 0.0
    throttle.succeeded("192.0.2.1")
    assert throttle.pause("192.0.2.1", 0.0) == 0.0


def test_it_does_not_grow_without_end() -> None:
    throttle = Throttle()
    for number in range(3 * MOST):
        throttle.failed(f"address {number}", float(number))
    assert len(throttle._failures) == MOST


def test_many_addresses_that_guess_one_password_are_slowed_down() -> None:
    throttle = Throttle(FREE_OF_USER)
    for number in range(FREE_OF_USER):
        assert throttle.pause(user_key("anna", f"192.0.2.{number}", False), 0.0) == 0.0
        throttle.failed(user_key("anna", f"192.0.2.{number}", False), 0.0)
    assert throttle.pause(user_key("anna", "192.0.2.99", False), 0.0) > 0
    assert throttle.pause(user_key("ben", "192.0.2.99", False), 0.0) == 0.0
    # Where she is logged in already, Anna has a count of her own: nobody keeps her out.
    assert throttle.pause(user_key("anna", "192.0.2.7", True), 0.0) == 0.0
