"""Recognizers as PyTorch exports and saves them, and as the programs behind published files wrote them, each with the
embeddings that PyTorch or onnx's reference evaluator makes of two faces of noise; RecognizersOfPythonTests reads them.
All networks are narrow; what is shown is structure, names and forms.

Usage: write_recognizers.py FOLDER
"""
import json
import os
import sys

import numpy

FOLDER = os.path.join(sys.argv[1], "from-others", "recognizers")
WIDTHS = (8, 12, 16, 20)
SIZE = 24  # numbers in an embedding
OPSETS = (9, 11, 13, 17)
RANDOM = numpy.random.RandomState(1)
FACES = RANDOM.uniform(-1, 1, (2, 3, 112, 112)).astype(numpy.float32)


def path_of(name):
    os.makedirs(FOLDER, exist_ok=True)
    return os.path.join(FOLDER, name)


def expect(name, embeddings, norms=None):
    with open(path_of(name + ".json"), "w") as file:
        json.dump({"embeddings": numpy.asarray(embeddings, dtype=float).tolist(), "norms": None if norms is None else numpy.asarray(norms, dtype=float).ravel().tolist()}, file)


def write_torch():
    import torch
    from torch import nn

    class Residual(nn.Module):
        """A block of IResNet by arcface_torch's names."""

        def __init__(self, inputs, outputs, stride):
            super().__init__()
            self.bn1, self.conv1 = nn.BatchNorm2d(inputs), nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False)
            self.bn2, self.prelu = nn.BatchNorm2d(outputs), nn.PReLU(outputs)
            self.conv2, self.bn3 = nn.Conv2d(outputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs)
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)) if stride != 1 or inputs != outputs else None

        def forward(self, x):
            y = self.bn3(self.conv2(self.prelu(self.bn2(self.conv1(self.bn1(x))))))
            return y + (x if self.downsample is None else self.downsample(x))

    class Improved(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = nn.Sequential(nn.Conv2d(3, WIDTHS[0], 3, 1, 1, bias=False), nn.BatchNorm2d(WIDTHS[0]), nn.PReLU(WIDTHS[0]))
            inputs, blocks = WIDTHS[0], []
            for width in WIDTHS:
                blocks += [Residual(inputs, width, 2), Residual(width, width, 1)]
                inputs = width
            self.blocks = nn.Sequential(*blocks)
            self.bn2, self.dropout = nn.BatchNorm2d(inputs), nn.Dropout(0.4)
            self.fc, self.features = nn.Linear(inputs * 49, SIZE), nn.BatchNorm1d(SIZE)

        def forward(self, x):
            return self.features(self.fc(torch.flatten(self.dropout(self.bn2(self.blocks(self.stem(x)))), 1)))

    class Attention(nn.Module):
        def __init__(self, channels):
            super().__init__()
            self.avg_pool = nn.AdaptiveAvgPool2d(1)
            self.fc1, self.relu = nn.Conv2d(channels, channels // 4, 1, bias=False), nn.ReLU()
            self.fc2, self.sigmoid = nn.Conv2d(channels // 4, channels, 1, bias=False), nn.Sigmoid()

        def forward(self, x):
            return x * self.sigmoid(self.fc2(self.relu(self.fc1(self.avg_pool(x)))))

    class Block(nn.Module):
        """A block of AdaFace's family by its names: with a norm within, as AdaFace has it, or without, as face.evoLVe."""

        def __init__(self, inputs, outputs, stride, norm_within, attention):
            super().__init__()
            self.shortcut_layer = nn.MaxPool2d(1, stride) if inputs == outputs else nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
            layers = [nn.BatchNorm2d(inputs), nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False)] + ([nn.BatchNorm2d(outputs)] if norm_within else [])
            layers += [nn.PReLU(outputs), nn.Conv2d(outputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs)]
            self.res_layer = nn.Sequential(*layers)
            if attention:
                self.res_layer.add_module("se_block" if norm_within else str(len(layers)), Attention(outputs))

        def forward(self, x):
            return self.res_layer(x) + self.shortcut_layer(x)

    class Family(nn.Module):
        def __init__(self, norm_within=True, attention=False, affine=False):
            super().__init__()
            self.input_layer = nn.Sequential(nn.Conv2d(3, WIDTHS[0], 3, 1, 1, bias=False), nn.BatchNorm2d(WIDTHS[0]), nn.PReLU(WIDTHS[0]))
            inputs, blocks = WIDTHS[0], []
            for width in WIDTHS:
                blocks += [Block(inputs, width, 2, norm_within, attention), Block(width, width, 1, norm_within, attention)]
                inputs = width
            self.body = nn.Sequential(*blocks)
            self.output_layer = nn.Sequential(nn.BatchNorm2d(inputs), nn.Dropout(0.4), nn.Flatten(), nn.Linear(inputs * 49, SIZE), nn.BatchNorm1d(SIZE, affine=affine))

        def forward(self, x):
            return self.output_layer(self.body(self.input_layer(x)))

    class WithNorm(nn.Module):
        """Gives unit length and norm, as AdaFace does."""

        def __init__(self, network):
            super().__init__()
            self.network = network

        def forward(self, x):
            x = self.network(x)
            norm = torch.norm(x, 2, 1, True)
            return torch.div(x, norm), norm

    class Normalized(nn.Module):
        def __init__(self, network):
            super().__init__()
            self.network = network

        def forward(self, x):
            return nn.functional.normalize(self.network(x))

    class ChannelsLast(nn.Module):
        def __init__(self, network):
            super().__init__()
            self.network = network

        def forward(self, x):
            return self.network(x.permute(0, 3, 1, 2))

    def drawn(module):
        """In evaluation mode, with statistics and slopes that leave a mark."""
        for one in module.modules():
            if isinstance(one, (nn.BatchNorm1d, nn.BatchNorm2d)):
                one.running_mean.uniform_(-0.3, 0.3)
                one.running_var.uniform_(0.7, 1.3)
                if one.affine:
                    nn.init.uniform_(one.weight, 0.7, 1.3)
                    nn.init.uniform_(one.bias, -0.3, 0.3)
            elif isinstance(one, nn.PReLU):
                nn.init.uniform_(one.weight, 0.1, 0.4)
        return module.eval()

    torch.manual_seed(1)
    faces = torch.from_numpy(FACES)
    networks = {"iresnet": (Improved(), True), "se": (Family(attention=True), False), "channels-last": (ChannelsLast(Improved()), False), "unit": (Normalized(Improved()), True), "norm": (WithNorm(Family()), True)}
    with torch.no_grad():
        for name, (network, open_batch) in networks.items():
            drawn(network)
            pictures = faces.permute(0, 2, 3, 1).contiguous() if name == "channels-last" else faces
            made = network(pictures)
            embeddings, norms = made if isinstance(made, tuple) else (made, None)
            outputs = ["embedding"] if norms is None else ["feature", "norm"]
            for opset in OPSETS:
                file = f"{name}-{opset}.onnx"
                axes = {tensor: {0: "batch"} for tensor in ["face", *outputs]} if open_batch else None
                torch.onnx.export(network, pictures[:1], path_of(file), opset_version=opset, input_names=["face"], output_names=outputs, dynamic_axes=axes)
                expect(file, embeddings, norms)

        for name, network, prefix in (("adaface", Family(), "model."), ("ir_se", Family(attention=True), "module."), ("evolve", Family(norm_within=False, affine=True), ""), ("evolve_se", Family(norm_within=False, attention=True, affine=True), "features.")):
            state = {prefix + key: tensor for key, tensor in drawn(network).state_dict().items()}
            state["head.kernel"] = torch.randn(SIZE, 5)
            torch.save({"epoch": 2, "state_dict": state}, path_of(name + ".pth"))
            expect(name + ".pth", network(faces))


def write_onnx():
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    from onnx.reference import ReferenceEvaluator

    class Graph:
        def __init__(self):
            self.nodes, self.tensors, self.count = [], [], 0

        def tensor(self, name, values):
            self.tensors.append(numpy_helper.from_array(numpy.asarray(values, dtype=numpy.float32), name))
            return name

        def weight(self, name, *shape):
            return self.tensor(name, RANDOM.normal(0, 1 / numpy.sqrt(numpy.prod(shape[1:])), shape))

        def node(self, operator, *inputs, name=None, output=None, **attributes):
            self.count += 1
            output = output or f"{operator.lower()}{self.count}"
            self.nodes.append(helper.make_node(operator, list(inputs), [output], name=output if name is None else name, **attributes))
            return output

        def norm(self, value, names, channels, **attributes):
            numbers = (RANDOM.uniform(0.7, 1.3, channels), RANDOM.uniform(-0.3, 0.3, channels), RANDOM.uniform(-0.3, 0.3, channels), RANDOM.uniform(0.7, 1.3, channels))
            return self.node("BatchNormalization", value, *[self.tensor(name, one) for name, one in zip(names, numbers)], **attributes)

        def save(self, file, opset, ir_version, source, sizes, output, batch, as_inputs, faces):
            inputs = [helper.make_tensor_value_info(source, TensorProto.FLOAT, sizes)]
            if as_inputs:
                inputs += [helper.make_tensor_value_info(tensor.name, TensorProto.FLOAT, list(tensor.dims)) for tensor in self.tensors]
            graph = helper.make_graph(self.nodes, "graph", inputs, [helper.make_tensor_value_info(output, TensorProto.FLOAT, [batch, SIZE])], self.tensors)
            model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
            model.ir_version = ir_version
            onnx.save(model, path_of(file))
            # onnx 1.17's evaluator takes statistics of the batch in norms before version 14; what is left out here changes nothing.
            for node in graph.node:
                kept = [attribute for attribute in node.attribute if attribute.name not in ("spatial", "ratio")]
                del node.attribute[:]
                node.attribute.extend(kept)
            session = ReferenceEvaluator(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)]))
            expect(file, numpy.concatenate([session.run([output], {source: face[None]})[0] for face in faces]))

    def of(prefix, *parts):
        return [prefix + part for part in parts]

    # Files of MXNet's time: pixels of 0 to 255 are scaled inside, tensors stand among the inputs, norms have "spatial", slopes are [C].
    for file, opset, ir_version, source, minus, times, spatial, tail in (
            ("sface-like.onnx", 8, 3, "data", "scalar_op1", "scalar_op2", None, "fc1"), ("arcfaceresnet-like.onnx", 8, 3, "data", "_minusscalar0", "_mulscalar0", 0, "fc1")):
        graph = Graph()
        further = {} if spatial is None else {"spatial": spatial}
        value = graph.node("Sub", source, graph.tensor(minus + "_value", [127.5]), name="", output=minus)
        value = graph.node("Mul", value, graph.tensor(times + "_value", [1 / 128]), name="", output=times)
        value = graph.node("Conv", value, graph.weight("conv0_weight", WIDTHS[0], 3, 3, 3), kernel_shape=[3, 3], strides=[1, 1], pads=[1, 1, 1, 1], dilations=[1, 1], group=1)
        value = graph.norm(value, of("bn0_", "gamma", "beta", "moving_mean", "moving_var"), WIDTHS[0], epsilon=2e-5, momentum=0.9, **further)
        value = graph.node("PRelu", value, graph.tensor("relu0_gamma", RANDOM.uniform(0.1, 0.4, (WIDTHS[0],) if spatial == 0 else (WIDTHS[0], 1, 1))))
        inputs = WIDTHS[0]
        for stage, width in enumerate(WIDTHS, 1):
            unit = f"stage{stage}_unit1_"
            inner = graph.norm(value, of(unit + "bn1_", "gamma", "beta", "moving_mean", "moving_var"), inputs, epsilon=2e-5, **further)
            inner = graph.node("Conv", inner, graph.weight(unit + "conv1_weight", width, inputs, 3, 3), kernel_shape=[3, 3], strides=[1, 1], pads=[1, 1, 1, 1])
            inner = graph.norm(inner, of(unit + "bn2_", "gamma", "beta", "moving_mean", "moving_var"), width, epsilon=2e-5, **further)
            inner = graph.node("PRelu", inner, graph.tensor(unit + "relu1_gamma", RANDOM.uniform(0.1, 0.4, (width,) if spatial == 0 else (width, 1, 1))))
            inner = graph.node("Conv", inner, graph.weight(unit + "conv2_weight", width, width, 3, 3), kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
            side = graph.node("Conv", value, graph.weight(unit + "conv1sc_weight", width, inputs, 1, 1), kernel_shape=[1, 1], strides=[2, 2], pads=[0, 0, 0, 0])
            value, inputs = graph.node("Add", graph.norm(inner, of(unit + "bn3_", "gamma", "beta", "moving_mean", "moving_var"), width, epsilon=2e-5, **further), side), width
        value = graph.node("Dropout", graph.norm(value, of("bn1_", "gamma", "beta", "moving_mean", "moving_var"), inputs, epsilon=2e-5, **further), ratio=0.4)
        value = graph.node("Flatten", value)
        value = graph.node("Gemm", value, graph.weight("pre_fc1_weight", SIZE, inputs * 49), graph.tensor("pre_fc1_bias", RANDOM.uniform(-1, 1, SIZE)), alpha=1.0, beta=1.0, transA=0, transB=1)
        graph.norm(value, of(tail + "_", "gamma", "beta", "moving_mean", "moving_var"), SIZE, epsilon=2e-5, output=tail, **further)
        graph.save(file, opset, ir_version, source, [1, 3, 112, 112], tail, 1, as_inputs=True, faces=numpy.float32(127.5) * (FACES + 1))

    # InsightFace's packs: folded convolutions with numbers for names, slopes [C, 1, 1], the norms between stages by their own names.
    graph, number = Graph(), iter(range(684, 10000))
    value = graph.node("Conv", "input.1", graph.weight(str(next(number)), WIDTHS[0], 3, 3, 3), graph.tensor(str(next(number)), RANDOM.uniform(-0.3, 0.3, WIDTHS[0])), kernel_shape=[3, 3], strides=[1, 1], pads=[1, 1, 1, 1])
    value = graph.node("PRelu", value, graph.tensor(str(next(number)), RANDOM.uniform(0.1, 0.4, (WIDTHS[0], 1, 1))))
    inputs = WIDTHS[0]
    for stage, width in enumerate(WIDTHS, 1):
        inner = graph.norm(value, of(f"layer{stage}.0.bn1.", "weight", "bias", "running_mean", "running_var"), inputs, epsilon=1e-5, momentum=0.9)
        inner = graph.node("Conv", inner, graph.weight(str(next(number)), width, inputs, 3, 3), graph.tensor(str(next(number)), RANDOM.uniform(-0.3, 0.3, width)), kernel_shape=[3, 3], strides=[1, 1], pads=[1, 1, 1, 1])
        inner = graph.node("PRelu", inner, graph.tensor(str(next(number)), RANDOM.uniform(0.1, 0.4, (width, 1, 1))))
        inner = graph.node("Conv", inner, graph.weight(str(next(number)), width, width, 3, 3), graph.tensor(str(next(number)), RANDOM.uniform(-0.3, 0.3, width)), kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
        side = graph.node("Conv", value, graph.weight(str(next(number)), width, inputs, 1, 1), graph.tensor(str(next(number)), RANDOM.uniform(-0.3, 0.3, width)), kernel_shape=[1, 1], strides=[2, 2])
        value, inputs = graph.node("Add", inner, side), width
    value = graph.node("Flatten", graph.norm(value, of("bn2.", "weight", "bias", "running_mean", "running_var"), inputs, epsilon=1e-5), axis=1)
    value = graph.node("Gemm", value, graph.weight("fc.weight", SIZE, inputs * 49), graph.tensor("fc.bias", RANDOM.uniform(-1, 1, SIZE)), alpha=1.0, beta=1.0, transB=1)
    graph.norm(value, of("features.", "weight", "bias", "running_mean", "running_var"), SIZE, epsilon=1e-5, output="683")
    graph.save("w600k-like.onnx", 11, 6, "input.1", ["None", 3, 112, 112], "683", "None", as_inputs=False, faces=FACES)

    # The same weights beside the graph, as onnx saves large models.
    model = onnx.load(path_of("w600k-like.onnx"))
    onnx.save(model, path_of("external.onnx"), save_as_external_data=True, location="external.onnx.data", size_threshold=0)
    with open(path_of("w600k-like.onnx.json")) as source, open(path_of("external.onnx.json"), "w") as target:
        target.write(source.read())


FACES.tofile(path_of("faces.f32"))
for write in (write_torch, write_onnx):
    try:
        write()
    except ImportError as error:
        print(f"skipped: {write.__name__}: {error}")
