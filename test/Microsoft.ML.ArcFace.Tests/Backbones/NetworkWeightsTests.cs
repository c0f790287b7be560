using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Tests.Embedding;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Tests.Weights;
using Microsoft.ML.ArcFace.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Backbones;

[TestClass]
public class NetworkWeightsTests
{
    private static readonly TemporaryFolder Folder = new();

    [ClassCleanup]
    public static void Remove() => Folder.Dispose();

    [TestMethod]
    [DataRow("", ScalarType.Float32)]
    [DataRow("module.", ScalarType.Float16)]
    [DataRow("backbone.", ScalarType.BFloat16)]
    [DataRow("module.backbone.", ScalarType.Float64)]
    [DataRow("_orig_mod.module.", ScalarType.Float32)]
    [DataRow("model.backbone.module.", ScalarType.Float32)]
    public void Load_AnyPrefixAndFloatType_GivesTheWeights(string prefix, ScalarType type)
    {
        using DisposeScope scope = NewDisposeScope();
        using FaceBackbone original = FaceBackbone.Create(BackboneArchitecture.MobileFaceNet, 24);
        (string Name, Tensor Tensor)[] state = [.. ModuleState.Of(original).Select(entry => (prefix + entry.Name, entry.Tensor.is_floating_point() ? entry.Tensor.detach().to(type) : entry.Tensor))];
        if (prefix.Contains("backbone.", StringComparison.Ordinal))
        {
            state = [.. state, ("head.weight", ones(7, 24))];
        }

        using FaceBackbone loaded = FaceBackbone.Load(Write(state), BackboneArchitecture.MobileFaceNet);

        Assert.AreEqual(24, loaded.EmbeddingSize);
        foreach (((_, Tensor expected), (string name, Tensor actual)) in state.Zip(ModuleState.Of(loaded)))
        {
            Assert.IsTrue(expected.to(actual.dtype).eq(actual).all().item<bool>(), name);
        }
    }

    [TestMethod]
    public void Load_OtherArchitecture_SaysWhichOneItIs()
    {
        using DisposeScope scope = NewDisposeScope();
        using FaceBackbone small = FaceBackbone.Create(BackboneArchitecture.IResNet18, 16);
        string path = Write(ModuleState.Of(small));
        string message = Assert.ThrowsExactly<WeightsFormatException>(() => FaceBackbone.Load(path, BackboneArchitecture.IResNet34)).Message;
        Assert.AreEqual($"'{path}': It holds weights of IResNet18 (r18) with 16 numbers in an embedding; the network is IResNet34 (r34). Set the network to BackboneArchitecture.IResNet18 (--backbone r18), or give weights of IResNet34 (r34).", message);
        StringAssert.Contains(Assert.ThrowsExactly<WeightsFormatException>(() => FaceBackbone.Load(path, BackboneArchitecture.MobileFaceNet)).Message, "IResNet18 (r18) with 16 numbers in an embedding; the network is MobileFaceNet (mbf)");
    }

    [TestMethod]
    public void Recognize_EachNetworkOfOurs_IsTold()
    {
        foreach (BackboneArchitecture architecture in new[] { BackboneArchitecture.IResNet34, BackboneArchitecture.IResNet50, BackboneArchitecture.MobileFaceNet, BackboneArchitecture.MobileFaceNetLarge })
        {
            using DisposeScope scope = NewDisposeScope();
            using FaceBackbone backbone = FaceBackbone.Create(architecture, 24);
            NetworkOfWeights? found = NetworkOfWeights.Recognize(ModuleState.Of(backbone).ToDictionary(entry => entry.Name, entry => Stored(entry.Name, entry.Tensor.shape)));
            Assert.AreEqual((architecture, 24L), (found?.Architecture, found?.EmbeddingSize));
        }
    }

    [TestMethod]
    public void CopyInto_OtherEmbeddingSize_SaysWhichToSet()
    {
        using DisposeScope scope = NewDisposeScope();
        using FaceBackbone small = FaceBackbone.Create(BackboneArchitecture.MobileFaceNet, 16), target = FaceBackbone.Create(BackboneArchitecture.MobileFaceNet, 32);
        string path = Write(ModuleState.Of(small));
        using var file = WeightsFile.Open(path);
        string message = Assert.ThrowsExactly<WeightsFormatException>(() => target.CopyFrom(file, path)).Message;
        StringAssert.EndsWith(message, "It holds weights of MobileFaceNet (mbf) with 16 numbers in an embedding; EmbeddingSize is 32. Set it to 16 (--embedding-size 16).");
    }

    [TestMethod]
    [DataRow("model.input_layer.0.weight", "AdaFace")]
    [DataRow("layer1.0.conv1.weight", "torchvision")]
    [DataRow("conv2d_1a.conv.weight", "facenet-pytorch")]
    [DataRow("module.cls_token", "vision transformer")]
    public void Load_OtherFamily_IsNamed(string tensor, string family)
    {
        using DisposeScope scope = NewDisposeScope();
        string path = Write([(tensor, ones(2, 2)), ("fc.weight", ones(2, 2))]);
        string message = Assert.ThrowsExactly<WeightsFormatException>(() => FaceBackbone.Load(path, BackboneArchitecture.MobileFaceNet)).Message;
        StringAssert.Contains(message, family);
        StringAssert.Contains(message, "the network is MobileFaceNet (mbf)");
    }

    [TestMethod]
    public void Load_SavedModelOrCheckpoint_GivesItsWeights()
    {
        using DisposeScope scope = NewDisposeScope();
        using FaceEmbeddingTransformer embedding = FaceEmbeddingTransformerTests.Create();
        FaceBackbone original = embedding.Model.ToBackbone();
        string zip = Path.Combine(Folder.FullName, $"{Guid.NewGuid():N}.zip");
        new MLContext().Model.Save(embedding, null, zip);
        (string, Tensor)[] state = [.. ModuleState.Of(original)];
        string checkpoint = Write([.. state.Select(entry => ("backbone." + entry.Item1, entry.Item2 + 1)), .. state.Select(entry => ("average.backbone." + entry.Item1, entry.Item2)), ("head.weight", ones(3, 4))]);
        foreach (string path in new[] { zip, checkpoint })
        {
            using FaceBackbone loaded = FaceBackbone.Load(path, original.Architecture);
            Assert.AreEqual(original.EmbeddingSize, loaded.EmbeddingSize);
            foreach (((string name, Tensor expected), (_, Tensor actual)) in state.Zip(ModuleState.Of(loaded)))
            {
                Assert.IsTrue(expected.eq(actual).all().item<bool>(), $"{path}: {name}");
            }
        }
    }

    [TestMethod]
    public void Load_ShapesAndTypesThatDoNotFit_AreListed()
    {
        using DisposeScope scope = NewDisposeScope();
        using FaceBackbone backbone = FaceBackbone.Create(BackboneArchitecture.MobileFaceNet, 16);
        (string Name, Tensor Tensor)[] state = [.. ModuleState.Of(backbone).Select(entry => entry.Name switch
        {
            "conv_sep.layers.0.weight" => (entry.Name, ones(512, 256)),
            "features.layers.2.weight" => (entry.Name, ones(16, 512, dtype: ScalarType.Int64)),
            _ => entry,
        })];
        string message = Assert.ThrowsExactly<WeightsFormatException>(() => FaceBackbone.Load(Write(state), BackboneArchitecture.MobileFaceNet)).Message;
        StringAssert.Contains(message, "2 of another kind: conv_sep.layers.0.weight (F32 [512, 256], must be F32 [512, 256, 1, 1]), features.layers.2.weight (I64 [16, 512], must be F32 [16, 512])");
    }

    [TestMethod]
    public void Load_WithoutCounters_AsOldFilesAre_IsAccepted()
    {
        using DisposeScope scope = NewDisposeScope();
        using FaceBackbone backbone = FaceBackbone.Create(BackboneArchitecture.MobileFaceNet, 16);
        string path = Write([.. ModuleState.Of(backbone).Where(entry => !entry.Name.EndsWith("num_batches_tracked", StringComparison.Ordinal))]);
        using FaceBackbone loaded = FaceBackbone.Load(path, BackboneArchitecture.MobileFaceNet);
        Assert.AreEqual(16, loaded.EmbeddingSize);
    }

    [TestMethod]
    public void Load_NamesThatBecomeTheSame_AndNegativeVariances_AreRefused()
    {
        using DisposeScope scope = NewDisposeScope();
        using FaceBackbone backbone = FaceBackbone.Create(BackboneArchitecture.MobileFaceNet, 16);
        string twice = Write([.. ModuleState.Of(backbone), ("module.conv_sep.layers.1.bias", ones(512))]);
        StringAssert.Contains(Assert.ThrowsExactly<WeightsFormatException>(() => FaceBackbone.Load(twice, BackboneArchitecture.MobileFaceNet)).Message, "'conv_sep.layers.1.bias' is there twice");
        string negative = Write([.. ModuleState.Of(backbone).Select(entry => entry.Name == "conv_sep.layers.1.running_var" ? (entry.Name, -ones(512)) : entry)]);
        StringAssert.Contains(Assert.ThrowsExactly<WeightsFormatException>(() => FaceBackbone.Load(negative, BackboneArchitecture.MobileFaceNet)).Message, "variances below 0");
    }

    [TestMethod]
    public void Freeze_InTraining_KeepsTheFirstStagesAsTheyAre()
    {
        foreach (BackboneArchitecture architecture in new[] { BackboneArchitecture.MobileFaceNet, BackboneArchitecture.IResNet18 })
        {
            using DisposeScope scope = NewDisposeScope();
            using FaceBackbone backbone = FaceBackbone.Create(architecture, 16);
            backbone.Freeze(2);
            backbone.train();
            (string Name, Tensor Before)[] state = [.. ModuleState.Of(backbone).Select(entry => (entry.Name, entry.Tensor.detach().clone()))];
            backbone.forward(rand(2, 3, 112, 112)).sum().backward();
            string[] moved = [.. ModuleState.Of(backbone).Zip(state).Where(pair => !pair.First.Tensor.eq(pair.Second.Before).all().item<bool>()).Select(pair => pair.First.Name)];
            string[] learning = [.. backbone.named_parameters().Where(entry => entry.parameter.grad is not null).Select(entry => entry.name)];
            string[] frozenPrefixes = architecture == BackboneArchitecture.IResNet18 ? ["conv1.", "bn1.", "prelu.", "layer1.", "layer2."] : ["layers.0.", "layers.1.", "layers.2.", "layers.3."];
            string[] changing = [.. moved, .. learning];
            Assert.IsNotEmpty(moved);
            Assert.IsNotEmpty(learning);
            Assert.IsEmpty(changing.Where(name => Array.Exists(frozenPrefixes, prefix => name.StartsWith(prefix, StringComparison.Ordinal))));
        }
    }

    private static StoredTensor Stored(string name, long[] shape) =>
        StoredTensor.Create(name, new StoredElements(0, shape.Aggregate(1L, (product, size) => product * size), ElementType.Float32), 0, shape, StoredTensor.RowMajor(shape));

    private static string Write(IReadOnlyList<(string Name, Tensor Tensor)> state) =>
        Folder.Write(Guid.NewGuid().ToString("N") + ".safetensors", SafetensorsTests.WriteToMemory(state).ToArray());
}
