using System.Runtime.InteropServices;
using System.Text.Json;
using Google.Protobuf;
using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Tests.Graphs;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Tests.Integration;

/// <summary>
/// Recognizers of PyTorch and of the programs behind published files (build/integration/write_recognizers.py), trained for some
/// steps and written again: build/integration/check_graphs.py holds them to onnx's checker and its reference evaluator.
/// </summary>
[TestClass]
[RequiresIntegration(IntegrationFiles.FromOthers)]
public class RecognizersWrittenBackTests
{
    private const int Faces = 2, Area = 112 * 112;

    public static IEnumerable<object[]> Files => RecognizersOfPythonTests.Files.Where(file => ((string)file[0]).EndsWith(".onnx", StringComparison.Ordinal));

    public static IEnumerable<object[]> Cases => GraphWritingTests.Cases;

    [TestMethod]
    [DynamicData(nameof(Files))]
    public void Write_TrainedRecognizerOfPython_GivesItsEmbeddings(string name)
    {
        string path = IntegrationFiles.Read("recognizers/" + name);
        if (!File.Exists(path))
        {
            Assert.Inconclusive($"Skipped: nothing here could write {name}.");
        }

        // Graphs that scale pixels themselves are given those of 0 to 255.
        bool isUnscaled = name is "sface-like.onnx" or "arcfaceresnet-like.onnx";
        float[] planes = [.. MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(IntegrationFiles.Read("recognizers/faces.f32"))).ToArray().Select(value => isUnscaled ? 127.5f * (value + 1) : value)];
        float[] faces = [.. planes.Chunk(3 * Area).SelectMany(face => Enumerable.Range(0, face.Length).Select(i => face[(i % 3 * Area) + (i / 3)]))];
        GraphNetwork graph = GraphNetwork.Open(path);
        Write("recognizers/" + name, graph, faces, runsInOnnxRuntime: name != "arcfaceresnet-like.onnx");
    }

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void Write_TrainedGraphOfOneOperator_GivesItsEmbeddings(string name)
    {
        ModelProto model = ModelProto.Parser.ParseFrom(GraphWritingTests.File(name));
        long size = GraphNetwork.Parse(model.ToByteArray(), name).Network.OutputSize;
        model.Graph.Output[0].Type.TensorType.Shape = new TensorShapeProto { Dim = { new TensorShapeProto.Types.Dimension { DimParam = "batch" }, new TensorShapeProto.Types.Dimension { DimValue = size } } };
        byte[] file = model.ToByteArray();
        string plain = string.Concat(name.Select(letter => char.IsAsciiLetterOrDigit(letter) ? letter : '-'));
        File.WriteAllBytes(IntegrationFiles.Write($"graphs/cases/{plain}.before.onnx"), file);
        GraphNetwork graph = GraphNetwork.Parse(file, name);
        Write($"cases/{plain}.onnx", graph, new GraphModel().Draw([Faces, graph.Input.Height, graph.Input.Width, 3]), runsInOnnxRuntime: true);
    }

    /// <summary>Trains a graph and writes it, with the faces in its order and the embeddings that it has to give.</summary>
    private static void Write(string name, GraphNetwork graph, float[] faces, bool runsInOnnxRuntime)
    {
        (NetworkDescription network, IReadOnlyDictionary<string, StateTensor> numbers) = GraphWritingTests.Train(graph, faces, renewsNorms: true);
        byte[] written = GraphWritingTests.Write(graph, network, RenewedNorms.Fold(network, numbers).Tensors);
        using var trained = new InferenceNetwork(network, numbers, VectorWidths.Best, () => 1);
        float[] expected = trained.Embed(faces, Faces);
        if (runsInOnnxRuntime)
        {
            GraphWritingTests.AssertNear(expected, GraphWritingTests.Run(written, graph, faces), graph);
        }

        string path = IntegrationFiles.Write("graphs/" + name);
        File.WriteAllBytes(path, written);
        using FileStream json = File.Create(path + ".json");
        JsonSerializer.Serialize(json, new { input = graph.Input.Name, sizes = graph.Input.Sizes, output = graph.OutputName, embeddings = expected.Chunk(expected.Length / Faces) });
        File.WriteAllBytes(path + ".f32", MemoryMarshal.AsBytes<float>(GraphWritingTests.InOrderOf(graph, faces)).ToArray());
    }
}
