"""Nodes and leaves: what they hold, what they refuse, how they are ordered, named and freed."""

import gc
import threading
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn.graph import describe, topological_order


def test_scalar_holds_a_python_float():
    for value in (2, 2.0, np.float32(2), np.int64(2), np.array(2.0), True + 1):
        x = ag.Scalar(value)
        assert type(x.value) is float
        assert x.value == 2.0
        assert x.requires_grad


@pytest.mark.parametrize("value", ["2", None, 1j, [1.0, 2.0], np.zeros(2), ag.Scalar(1.0)])
def test_scalar_refuses_what_is_no_real_number(value):
    with pytest.raises(ag.DtypeError, match="Scalar"):
        ag.Scalar(value)


def test_tensor_of_python_numbers_is_float64_and_an_array_keeps_its_dtype():
    assert ag.Tensor([1, 2]).dtype == np.float64
    assert ag.Tensor(3).dtype == np.float64
    assert ag.Tensor([True]).dtype == bool
    for dtype in (np.float16, np.float32, np.int8, np.uint64, bool):
        assert ag.Tensor(np.zeros(2, dtype)).dtype == dtype
    assert ag.Tensor([1, 2], dtype=np.float32).dtype == np.float32


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (["a"], ag.DtypeError),
        (np.array([None]), ag.DtypeError),
        ([1j], ag.DtypeError),
        ([[1, 2], [3]], ag.ArgumentError),
    ],
)
def test_tensor_refuses_what_is_no_array_of_real_numbers(value, error):
    with pytest.raises(error, match="Tensor"):
        ag.Tensor(value)


@pytest.mark.parametrize("make", [lambda x: [x, x], lambda x: (1.0, x), lambda x: [[1.0], [x]], lambda x: [[(x,)]]])
@pytest.mark.parametrize("node", [ag.Scalar(1.0), ag.Tensor(1.0), ag.Parameter(1.0)])
def test_a_tensor_of_nodes_would_cut_their_graph(make, node):
    for kind in (ag.Tensor, ag.Parameter):
        with pytest.raises(ag.ArgumentError, match=r"^Tensor: got a .* of nodes, .*; join them with ag\.stack$"):
            kind(make(node))
    assert ag.Tensor(node).shape == ()  # one node is meant: it is copied


def test_a_list_that_holds_itself_is_no_array():
    for itself in ([1.0], []):  # the second would be an array of 2**64 lists
        itself += [itself, itself]
        with pytest.raises(ag.ArgumentError, match="expected numbers in a rectangular array"):
            ag.Tensor(itself)
    deep = 1.0
    for _ in range(64):
        deep = [deep]
    assert ag.Tensor(deep).ndim == 64


def test_integer_leaf_cannot_require_a_gradient():
    with pytest.raises(ag.DtypeError, match="w: int64 cannot require a gradient"):
        ag.Tensor(np.arange(3), requires_grad=True, name="w")
    with pytest.raises(ag.DtypeError, match="cannot require"):
        ag.Parameter(np.arange(3))


def test_a_leaf_copies_its_array_and_shows_it_read_only():
    array = np.zeros(2)
    x = ag.Tensor(array)
    array[0] = 1
    assert x.value[0] == 0
    with pytest.raises(ValueError, match="read-only"):
        x.value[0] = 1
    copy = x.numpy()
    copy[0] = 5
    assert x.value[0] == 0
    y = x + 1
    with pytest.raises(ValueError, match="read-only"):
        y.value[0] = 1


def test_an_array_operand_is_copied_too():
    x, array = ag.Tensor([2.0, 3.0], requires_grad=True), np.array([5.0, 7.0])
    y = (x * array).sum()
    array[:] = 0
    y.backward()
    np.testing.assert_array_equal(x.grad, [5, 7])


def test_equality_and_hash_are_identity():
    x, y = ag.Scalar(1.0), ag.Scalar(1.0)
    assert x == x
    assert x != y
    assert len({x, y, x}) == 2


def test_in_place_operators_rebind():
    x = before = ag.Scalar(2.0)
    x += 1
    assert x is not before
    assert before.value == 2.0


@pytest.mark.parametrize("other", [np.float64(2), np.float32(2), np.int64(2), 2, 2.0, True])
def test_numbers_do_not_widen_float32_and_numpy_scalars_meet_nodes(other):
    x = ag.Tensor(np.ones(3, np.float32), requires_grad=True)
    for result in (x * other, other * x, x + other, other - x, other / x, x**other):
        assert isinstance(result, ag.Tensor)
        assert result.dtype == np.float32
    assert isinstance(other * ag.Scalar(1.5), ag.Scalar)


def test_arrays_on_the_left_make_nodes():
    x = ag.Tensor([1.0, 2.0], requires_grad=True)
    for result in (np.ones(2) * x, np.ones(2) - x, np.eye(2) @ x, np.exp(x), np.add(1, x), np.maximum(x, 0)):
        assert isinstance(result, ag.Tensor)
        assert result.requires_grad


@pytest.mark.parametrize(
    "call", [lambda x: np.add.reduce(x), lambda x: np.arctan2(x, 1.0), lambda x: np.add(x, 1, where=[True])]
)
def test_ufuncs_without_a_gate_say_so(call):
    with pytest.raises(TypeError, match=r"use \.value"):
        call(ag.Tensor([1.0]))


@pytest.mark.parametrize("other", [None, "a", {}, b"x"])
def test_operands_that_are_no_numbers(other):
    with pytest.raises(TypeError, match="unsupported operand"):
        ag.Scalar(1.0) + other
    with pytest.raises(TypeError, match="unsupported operand"):
        other - ag.Tensor([1.0])


def test_item_float_bool_len_iter():
    x = ag.Tensor([[3.0]])
    assert (x.item(), float(x), bool(x)) == (3.0, 3.0, True)
    assert len(ag.Tensor([1.0, 2.0])) == 2
    assert [v.item() for v in ag.Tensor([1.0, 2.0])] == [1.0, 2.0]
    with pytest.raises(ag.ShapeError, match="2 elements"):
        ag.Tensor([1.0, 2.0]).item()
    with pytest.raises(ag.ShapeError, match="no axis"):
        len(ag.Tensor(1.0))
    with pytest.raises(ag.ShapeError):
        bool(ag.Tensor([1.0, 2.0]) > 0)
    assert ag.Scalar(2.0) > 1
    assert not ag.Scalar(2.0) < 1


def test_no_grad_and_detach_cut_the_graph():
    x = ag.Scalar(3.0)
    with ag.no_grad():
        y = x * x
    assert (y.gate, y.inputs, y.requires_grad) == (None, (), False)
    z = (x * x).detach()
    assert (z.value, z.gate, z.requires_grad) == (9.0, None, False)


def test_shapes_that_do_not_fit_name_the_gate_and_the_shapes():
    with pytest.raises(ag.ShapeError, match=r"add: inputs of shape \(2,\) and \(3,\)"):
        ag.Tensor([1.0, 2.0]) + np.ones(3)
    with pytest.raises(ag.ShapeError, match="matmul"):
        ag.Tensor(np.ones((2, 3))) @ np.ones((2, 3))
    with pytest.raises(ag.OutOfRangeError, match="getitem: index 5"):
        ag.Tensor([1.0])[5]
    with pytest.raises(ag.ShapeError, match="reshape"):
        ag.Tensor([1.0]).reshape(2, 2)


def test_wrong_arguments_suggest_the_right_one():
    x = ag.Tensor([1.0])
    with pytest.raises(
        ag.UnknownArgumentError, match="no option 'axes'; there are axis, keepdims; did you mean 'axis'"
    ):
        x.sum(axes=0)
    with pytest.raises(ag.ArgumentError, match="axis was given twice"):
        x.sum(0, axis=0)
    with pytest.raises(ag.ArgumentError, match="got 3 arguments"):
        ag.exp(x, 1, 2)
    with pytest.raises(ag.ArgumentError, match="shape is missing"):
        ag.reshape(x)


def test_attributes_can_be_positional_as_in_numpy():
    x = ag.Tensor(np.arange(6.0).reshape(2, 3))
    np.testing.assert_array_equal(x.sum(0).value, [3, 5, 7])
    np.testing.assert_array_equal(ag.max(x, 1, True).value, [[2], [5]])
    assert x.reshape(3, 2).shape == x.reshape((3, 2)).shape == ag.reshape(x, (3, 2)).shape == (3, 2)
    assert x.transpose(1, 0).shape == x.transpose().shape == x.T.shape == (3, 2)
    assert ag.concatenate([x, x], 1).shape == (2, 6)
    assert ag.stack([ag.Scalar(1), ag.Scalar(2)]).shape == (2,)


def test_scopes_nest_and_end_with_their_block():
    with ag.scope("features"):
        a = ag.Scalar(1.0) + 1
        with ag.scope("conv1"):
            b = a + 1
    c = b + 1
    assert (a.scope, b.scope, c.scope) == ("features", "features/conv1", "")
    assert ag.nodes(c, scope="features") == [a.inputs[0], a, b]
    assert ag.nodes(c, scope="features/conv1") == [b]


def test_a_scope_may_be_a_path():
    with ag.scope("features/block"), ag.scope("conv1"):
        a = ag.Scalar(1.0) + 1
    assert a.scope == "features/block/conv1"
    assert ag.nodes(a, scope="features") == [a.inputs[0], a]


@pytest.mark.parametrize("name", ["", "/", "a/", "/a", "a//b", None, 3, b"a", ["a"]])
def test_a_scope_without_a_name_is_refused(name):
    with pytest.raises(ag.ArgumentError, match=r"^scope: name=.*, expected the name of a layer, such as 'conv1'"):
        ag.scope(name)


def test_scopes_of_threads_do_not_mix():
    seen = {}
    inside = threading.Barrier(2, timeout=10)

    def work(name):
        with ag.scope(name):
            inside.wait()
            seen[name] = (ag.Scalar(1.0) + 1).scope
            inside.wait()

    threads = [threading.Thread(target=work, args=(n,)) for n in ("a", "b")]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert seen == {"a": "a", "b": "b"}


def test_nodes_by_gate_and_scope_suggest_the_nearest_name():
    with ag.scope("conv1"):
        y = ag.relu(ag.Scalar(2.0) * 3)
    assert [n.gate.name for n in ag.nodes(y) if n.gate] == ["multiply", "relu"]
    assert ag.nodes(y, gate="relu") == [y]
    assert ag.nodes(y, gate=ag.relu) == [y]
    with pytest.raises(ag.UnknownNameError, match="'multiplay'; did you mean 'multiply'"):
        ag.nodes(y, gate="multiplay")
    with pytest.raises(ag.UnknownNameError, match="did you mean 'conv1'"):
        ag.nodes(y, scope="conv2")


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), max_size=40))
def test_topological_order_puts_inputs_before_users(picks):
    made = [ag.Scalar(1.0), ag.Scalar(2.0)]
    for i, j in picks:
        made.append(made[i % len(made)] + made[j % len(made)])
    order = topological_order(made[-1])
    place = {node: i for i, node in enumerate(order)}
    assert order[-1] is made[-1] or len(order) == 1
    assert len(place) == len(order)
    for node in order:
        for x in node.inputs:
            assert place[x] < place[node]


def test_reference_counting_frees_a_graph_at_once():
    """No reference cycles: with the cycle collector off, forgetting the output frees all arrays."""
    gc.collect()
    gc.disable()
    try:
        x = ag.Parameter(np.ones(3))
        y = ag.tanh(x * 2)
        loss = (y * y).sum()
        loss.backward()
        watched = [weakref.ref(n._value) for n in ag.nodes(loss) if not n.is_leaf]
        del y, loss
        assert [w() for w in watched] == [None] * len(watched)
    finally:
        gc.enable()


def test_describe_names_what_a_message_needs():
    with ag.scope("fc"):
        y = ag.Tensor(np.ones((2, 3), np.float32), name="x") * 2
    assert describe(y) == "Tensor (2, 3) float32 from multiply in fc"
    assert describe(ag.Scalar(2, name="x")) == "Scalar 'x' 2"


def test_tree_prints_shared_nodes_once_and_says_what_is_left_out():
    x = ag.Scalar(2.0, name="x")
    y = x * x
    assert ag.tree(y) == "multiply  value 4\n├─ x  value 2\n└─ x (above)"
    y.backward()
    assert "x  value 2  gradient 4" in ag.tree(y)
    for _ in range(100):
        y = y + 1
    text = ag.tree(y, limit=5)
    assert len(text.splitlines()) == 6
    assert "more nodes" in text
    assert "2×3 float64" in ag.tree(ag.Tensor(np.ones((2, 3))) * 2.0)
    with pytest.raises(ag.ArgumentError):
        ag.tree(y, limit=0)


def test_tree_marks_leaves_that_were_written_into_since():
    x, w, spare = ag.Scalar(2.0, name="x"), ag.Parameter([1.0, 3.0], name="w"), ag.Scalar(1.0)
    y = (w * x).sum()
    y.backward()
    spare.assign(5.0)
    before = ag.tree(y)
    assert "changed" not in before
    w.writable()[...] = 7.0
    text = ag.tree(y)
    told = [line for line in text.splitlines() if "(changed)" in line]
    assert told[0] == "   ├─ w  2 float64  (changed)"
    assert told[1].startswith("(changed): written into since this graph was computed, 1 in all; ")
    assert text.replace("  (changed)", "").splitlines()[: len(before.splitlines())] == before.splitlines()
    x.assign(0.0)
    assert "computed, 2 in all" in ag.tree(y, limit=1)
    assert "changed" not in ag.tree((w * x).sum())


def test_detect_anomaly_names_the_node_and_layer():
    x = ag.Scalar(1e-320)
    with ag.detect_anomaly(), ag.scope("fc"):
        assert (x + 1).value == 1.0
        with pytest.warns(RuntimeWarning, match="log"), pytest.raises(ag.GradientError, match="from log in fc"):
            ag.log(x * 0)
        y = ag.sqrt(x * 0)
        with pytest.warns(RuntimeWarning, match="divide"), pytest.raises(ag.GradientError, match="gradient to input 0"):
            y.backward()


def test_a_scalar_is_not_iterated_over():
    for use in (list, lambda x: [*x], sum, lambda x: (lambda *parts: parts)(*x)):
        with pytest.raises(TypeError, match=r"'?Scalar'? object is not iterable|must be an iterable, not Scalar"):
            use(ag.Scalar(2.0))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: x.sum(axis="rows"), "sum: 'str' object cannot be interpreted as an integer"),
        (lambda x: x.reshape(2.0, 3), "reshape: 'float' object cannot be interpreted as an integer"),
        (lambda x: x.astype("float31"), "astype: data type 'float31' not understood"),
        (lambda x: ag.sigmoid("a"), "sigmoid: "),
        (lambda x: x.sum().backward("one"), "backward: seed is 'one', expected a number"),
        (lambda x: ag.Parameter([1.0, 2.0]).assign(["a", "b"]), r"assign: .* got <U1, expected real numbers"),
    ],
)
def test_arguments_of_a_wrong_type_are_typed_errors_that_name_the_gate(call, message):
    with pytest.raises(ag.DtypeError, match=message):
        call(ag.Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: ag.grad(3, x), "grad: output: got int, expected a node"),
        (lambda x: ag.grad(x * 2, 3), "grad: input 0: got int"),
        (lambda x: ag.grad(x * 2, [x, "x"]), "grad: input 1: got str"),
        (lambda x: next(ag.backward_steps(3)), "backward_steps: got int"),
        (lambda x: ag.nodes(3), "got int, expected a node"),
        (lambda x: ag.topological_order(3), "got int, expected a node"),
        (lambda x: ag.expand(3), "expand: got int"),
        (lambda x: ag.explain(x * 2, 3), "explain: wrt: got int"),
        (lambda x: ag.explain(3, x), "explain: output: got int"),
        (lambda x: ag.hvp(lambda t: 3, x, 1.0), "hvp: what the function returned: got int"),
        (lambda x: ag.jvp(lambda t: 3, x, 1.0), "jvp: what the function returned: got int"),
    ],
)
def test_what_is_no_node_is_named(call, message):
    with pytest.raises(ag.ArgumentError, match=message):
        call(ag.Scalar(2.0))
