using Microsoft.Extensions.Logging;
using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Tests.Graphs;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Tests.Embedding;

/// <summary>Models in use where the program brings libtorch, and where it does not.</summary>
[TestClass]
public class EmbeddingDeviceTests
{
    [TestMethod]
    public void Find_AssemblyThatTheProgramBrings_GivesLibTorch()
    {
        Assert.IsInstanceOfType<LibTorchRuntime>(TorchRuntime.Instance);
        Assert.IsNull(TorchRuntime.Find("Microsoft.ML.ArcFace.Absent"));
    }

    [TestMethod]
    public void Compute_BFloat16WithoutLibTorch_IsFloat32AndSaysSoOnce()
    {
        var warnings = new List<string>();
        var ml = new MLContext();
        ml.Log += (_, line) => { if (line.Message.Contains("bfloat16", StringComparison.Ordinal)) { warnings.Add(line.Message); } };
        NetworkDescription network = BackboneDescription.Of(BackboneArchitecture.MobileFaceNet, 16);
        IReadOnlyDictionary<string, StateTensor> tensors = Tensors(network);
        EmbeddingDevice device = EmbeddingDevice.Choose(ml, torch: null);
        Lazy<IFaceNetwork> rounded = device.Compute(network, tensors, InferencePrecision.BFloat16), exact = device.Compute(network, tensors, InferencePrecision.Float32);
        byte[] faces = new byte[2 * FaceInput.Count];
        new Random(1).NextBytes(faces);
        CollectionAssert.AreEqual(exact.Value.Embed(faces, 2), rounded.Value.Embed(faces, 2));
        _ = rounded.Value.Embed(faces, 1);
        Assert.HasCount(1, warnings);
        Assert.Contains("ArcFace.MLNet.Torch", warnings[0]);
        Assert.Contains("float32", warnings[0]);
        rounded.Value.Dispose();
        exact.Value.Dispose();
    }

    [TestMethod]
    public void Compute_BFloat16WithALibTorchThatDoesNotLoad_IsFloat32AndSaysWhy()
    {
        var ml = new MLContext();
        List<string> warnings = LoggedWarnings.Of(ml);
        NetworkDescription network = BackboneDescription.Of(BackboneArchitecture.MobileFaceNet, 16);
        using IFaceNetwork computed = EmbeddingDevice.Choose(ml, new AbsentTorch()).Compute(network, Tensors(network), InferencePrecision.BFloat16).Value;
        Assert.AreEqual(InferencePrecision.Float32, ((InferenceNetwork)computed).Precision);
        Assert.Contains("that cannot be loaded, so that the model computes in float32. The native torch library cannot be loaded: it is absent.", warnings.Single());
    }

    [TestMethod]
    public void Compute_BFloat16WithoutLibTorchInAService_TellsItsLogger()
    {
        var log = new WarningLog();
        NetworkDescription network = BackboneDescription.Of(BackboneArchitecture.MobileFaceNet, 16);
        MLContext ml = FaceEmbedder.CreateContext(new FaceEmbedder.Options(), log);
        _ = EmbeddingDevice.Choose(ml, torch: null).Compute(network, Tensors(network), InferencePrecision.BFloat16);
        Assert.Contains("float32", log.Warnings.Single());
    }

    [TestMethod]
    public void Compute_BFloat16OfANetworkThatKnowsFloat32Alone_IsFloat32AndSaysSoOnce()
    {
        var ml = new MLContext();
        List<string> warnings = LoggedWarnings.Of(ml);
        var model = new GraphModel(13);
        RecognizerCase sigmoid = RecognizerCases.All.Single(entry => entry.Name == "Sigmoid");
        GraphNetwork graph = GraphNetwork.Parse(model.ToBytes(sigmoid.Build(model)), "sigmoid.onnx");
        EmbeddingDevice device = EmbeddingDevice.Choose(ml, new UnusedTorch());
        using IFaceNetwork rounded = device.Compute(graph.Network, graph.Tensors, InferencePrecision.BFloat16).Value, exact = device.Compute(graph.Network, graph.Tensors, InferencePrecision.Float32).Value;
        byte[] face = new byte[graph.Network.ShapeOf(graph.Network.Input)[1..].Aggregate(1L, (product, size) => product * size)];
        new Random(2).NextBytes(face);
        CollectionAssert.AreEqual(exact.Embed(face, 1), rounded.Embed(face, 1));
        Assert.Contains("float32 alone", warnings.Single());
    }

    [TestMethod]
    public void Choose_GpuWithoutLibTorch_NamesThePackageOrTakesTheProcessor()
    {
        string message = Assert.ThrowsExactly<InvalidOperationException>(() => EmbeddingDevice.Choose(new MLContext { GpuDeviceId = 1 }, torch: null)).Message;
        Assert.Contains("GpuDeviceId is 1", message);
        Assert.Contains("ArcFace.MLNet.Torch", message);
        Assert.Contains("FallbackToCpu", message);
        NetworkDescription network = BackboneDescription.Of(BackboneArchitecture.MobileFaceNet, 16);
        using IFaceNetwork computed = EmbeddingDevice.Choose(new MLContext { GpuDeviceId = 1, FallbackToCpu = true }, torch: null).Compute(network, Tensors(network), InferencePrecision.Float32).Value;
        Assert.IsInstanceOfType<InferenceNetwork>(computed);
    }

    [TestMethod]
    [DataRow("3", 3), DataRow("2,1", 2), DataRow(null, 0), DataRow("", 0), DataRow("-1", 0), DataRow("many", 0)]
    public void Usual_VariableOfOpenMP_CountsThreads(string? variable, int expected) =>
        Assert.AreEqual(expected > 0 ? expected : Environment.ProcessorCount, ProcessorThreads.Usual(variable));

    /// <summary>Weights that give numbers: small steps for weights, ones for variances and slopes.</summary>
    private static IReadOnlyDictionary<string, StateTensor> Tensors(NetworkDescription network)
    {
        var weights = WeightStore.InMemory(network);
        foreach (PlainTensor<float> tensor in weights.Writable.Values.OfType<PlainTensor<float>>())
        {
            for (int i = 0; i < tensor.Values.Length; i++)
            {
                tensor.Values[i] = tensor.Shape.Length == 1 ? 1 : ((i % 13) - 6) / 40f;
            }
        }

        return weights.Tensors;
    }

    /// <summary>Offers bfloat16, which a network that knows float32 alone must not use.</summary>
    private sealed class UnusedTorch : ITorchRuntime, IBFloat16Arithmetic
    {
        public IBFloat16Arithmetic? CreateBFloat16() => this;

        public void FollowThreadsOfProgram()
        {
        }

        public IGpu? ChooseGpu(int gpuDeviceId, bool fallbackToCpu) => null;

        public InferenceStep Dense<TLanes, TOutput>(FeatureMap input, FeatureMap output, FeatureMap? shortcut, LayerWeights weights, float[]? slopes, int kernel, int stride, int padding)
            where TLanes : unmanaged, ILanes<TLanes>
            where TOutput : unmanaged, IMapValue<TOutput> => throw new AssertFailedException("A step is made in bfloat16.");

        public IMapOwner Allocate(long values) => throw new AssertFailedException("A map is made in bfloat16.");

        public IDisposable ShareThreads(int threads) => throw new AssertFailedException("A step is computed in bfloat16.");
    }

    private sealed class AbsentTorch : ITorchRuntime
    {
        public IBFloat16Arithmetic? CreateBFloat16() => throw new NativeRuntimeException("libtorch", requiredVersion: null, "it is absent.", "Add it.", innerException: null);

        public void FollowThreadsOfProgram()
        {
        }

        public IGpu? ChooseGpu(int gpuDeviceId, bool fallbackToCpu) => null;
    }

    private sealed class WarningLog : ILogger
    {
        public List<string> Warnings { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel == LogLevel.Warning)
            {
                Warnings.Add(formatter(state, exception));
            }
        }
    }
}
