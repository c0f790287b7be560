using Google.Protobuf;
using Microsoft.ML.ArcFace.Detection;
using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Microsoft.ML.ArcFace.Tests.Graphs;

/// <summary>The sizes that are computed beforehand, held against those that ONNX Runtime comes to.</summary>
[TestClass]
public class GraphCostTests
{
    private static readonly GraphLimits Free = new(long.MaxValue, double.MaxValue);

    public static IEnumerable<object[]> Cases => OperatorCases.All.Select(node => new object[] { node.Name });

    [TestMethod]
    public void Names_EveryAllowedOperator_HasACase() =>
        CollectionAssert.AreEqual(Array.Empty<string>(), GraphOperators.Names.Except(OperatorCases.All.SelectMany(node => node.Operators)).ToArray());

    [TestMethod]
    [DataRow("Loop"), DataRow("Scan"), DataRow("If"), DataRow("SequenceMap"), DataRow("SequenceEmpty"), DataRow("Optional"), DataRow("RandomNormal"), DataRow("RandomUniformLike"), DataRow("Multinomial"), DataRow("Bernoulli")]
    public void Names_ControlFlowSequencesAndRandomNumbers_AreNotAmongThem(string name) => CollectionAssert.DoesNotContain(GraphOperators.Names.ToArray(), name);

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void Of_OneOperator_HasTheSizesOfOnnxRuntime(string name)
    {
        OperatorCase node = OperatorCases.All.Single(candidate => candidate.Name == name);
        ModelProto model = GraphFile.Parse(node.ToModel().ToByteArray());
        Compare(model, []);
    }

    [TestMethod]
    [RequiresYuNet]
    public void Of_YuNet_HasTheSizesOfOnnxRuntimeAndStaysFarBelowTheLimits()
    {
        ModelProto model = DetectorGraph.WithOpenSizes(GraphFile.Parse(File.ReadAllBytes(DetectorModels.YuNet)));
        Compare(model, [1, 3, 640, 640]);
        GraphLimits limits = GraphLimits.For(640 * 640);
        GraphCost cost = GraphCost.Of(model.Graph, _ => [1, 3, 640, 640], limits);
        Assert.IsLessThan(limits.Bytes / 4, cost.Bytes);
        Assert.IsLessThan(limits.Work / 4, cost.Work);
    }

    [TestMethod]
    [DataRow(BackboneArchitecture.MobileFaceNet), DataRow(BackboneArchitecture.IResNet18)]
    public void Of_OwnNetwork_HasTheSizesOfOnnxRuntimeAndStaysFarBelowTheLimits(BackboneArchitecture architecture)
    {
        ArcFace.Networks.NetworkDescription network = ArcFace.Backbones.BackboneDescription.Of(architecture, 512);
        using var stream = new MemoryStream();
        ArcFace.Export.OnnxExport.Write(stream, network, FormulaNetworks.FormulaWeights.Of(network), new OnnxExportOptions(), addMirrorImage: true, new Dictionary<string, string>());
        ModelProto model = GraphFile.Parse(stream.ToArray());
        Compare(model, [1, 3, 112, 112]);
        GraphLimits limits = GraphLimits.For(112 * 112);
        Assert.IsLessThan(limits.Work / 4, GraphCost.Of(model.Graph, _ => [1, 3, 112, 112], limits).Work);
    }

    /// <summary>Makes every value an output and computes the graph.</summary>
    private static void Compare(ModelProto model, long[] picture)
    {
        GraphCost cost = GraphCost.Of(model.Graph, _ => picture, Free);
        string[] names = [.. model.Graph.Node.SelectMany(node => node.Output).Where(output => output.Length > 0)];
        model.Graph.Output.Clear();
        model.Graph.Output.Add(names.Select(output => new ValueInfoProto { Name = output }));
        using var options = new SessionOptions { GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        using var session = new InferenceSession(model.ToByteArray(), options);
        using var run = new RunOptions();
        string[] inputs = [.. session.InputMetadata.Keys];
        using OrtValue value = OrtValue.CreateTensorValueFromMemory(new float[picture.Aggregate(1L, (product, size) => product * size)], picture);
        using IDisposableReadOnlyCollection<OrtValue> values = session.Run(run, inputs, [.. inputs.Select(_ => value)], names);
        for (int i = 0; i < names.Length; i++)
        {
            OrtTensorTypeAndShapeInfo found = values[i].GetTensorTypeAndShape();
            GraphValue expected = cost.Values[names[i]];
            Assert.AreEqual(string.Join(", ", found.Shape), string.Join(", ", expected.Shape), names[i]);
            Assert.AreEqual(found.ElementDataType.ToString().ToUpperInvariant(), expected.Type.ToString().ToUpperInvariant(), names[i]);
            if (expected.Numbers is { } numbers && found.ElementDataType is TensorElementType.Int64 or TensorElementType.Float)
            {
                double[] computed = found.ElementDataType == TensorElementType.Int64 ? [.. values[i].GetTensorDataAsSpan<long>()] : [.. values[i].GetTensorDataAsSpan<float>()];
                CollectionAssert.AreEqual(computed, expected.Numbers, names[i]);
            }
        }
    }
}
