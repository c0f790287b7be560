using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Tests.Weights;
using Microsoft.ML.ArcFace.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Backbones;

[TestClass]
public class BackboneWeightsTests
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

        using FaceBackbone loaded = BackboneWeights.Load(Write(state), BackboneArchitecture.MobileFaceNet);

        Assert.AreEqual(24, loaded.EmbeddingSize);
        foreach (((_, Tensor expected), (string name, Tensor actual)) in state.Zip(ModuleState.Of(loaded)))
        {
            Assert.IsTrue(expected.to(actual.dtype).eq(actual).all().item<bool>(), name);
        }
    }

    [TestMethod]
    public void Load_OtherArchitecture_ListsNamesAndShapes()
    {
        using DisposeScope scope = NewDisposeScope();
        using FaceBackbone small = FaceBackbone.Create(BackboneArchitecture.IResNet18, 16);
        string path = Write(ModuleState.Of(small));
        string message = Assert.ThrowsExactly<WeightsFormatException>(() => BackboneWeights.Load(path, BackboneArchitecture.IResNet34)).Message;
        StringAssert.Contains(message, path);
        StringAssert.Contains(message, "missing: layer1.2.bn1.weight");
        Assert.DoesNotContain("not expected", message);
        message = Assert.ThrowsExactly<WeightsFormatException>(() => BackboneWeights.Load(path, BackboneArchitecture.MobileFaceNet)).Message;
        StringAssert.Contains(message, "missing: layers.0.layers.0.weight");
        StringAssert.Contains(message, "not expected: conv1.weight");
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
        string message = Assert.ThrowsExactly<WeightsFormatException>(() => BackboneWeights.Load(Write(state), BackboneArchitecture.MobileFaceNet)).Message;
        StringAssert.Contains(message, "2 of another kind: conv_sep.layers.0.weight (F32 [512, 256], must be F32 [512, 256, 1, 1]), features.layers.2.weight (I64 [16, 512], must be F32 [16, 512])");
    }

    [TestMethod]
    public void Load_WithoutCounters_AsOldFilesAre_IsAccepted()
    {
        using DisposeScope scope = NewDisposeScope();
        using FaceBackbone backbone = FaceBackbone.Create(BackboneArchitecture.MobileFaceNet, 16);
        string path = Write([.. ModuleState.Of(backbone).Where(entry => !entry.Name.EndsWith("num_batches_tracked", StringComparison.Ordinal))]);
        using FaceBackbone loaded = BackboneWeights.Load(path, BackboneArchitecture.MobileFaceNet);
        Assert.AreEqual(16, loaded.EmbeddingSize);
    }

    [TestMethod]
    public void Load_NamesThatBecomeTheSame_AndNegativeVariances_AreRefused()
    {
        using DisposeScope scope = NewDisposeScope();
        using FaceBackbone backbone = FaceBackbone.Create(BackboneArchitecture.MobileFaceNet, 16);
        string twice = Write([.. ModuleState.Of(backbone), ("module.conv_sep.layers.1.bias", ones(512))]);
        StringAssert.Contains(Assert.ThrowsExactly<WeightsFormatException>(() => BackboneWeights.Load(twice, BackboneArchitecture.MobileFaceNet)).Message, "'conv_sep.layers.1.bias' is there twice");
        string negative = Write([.. ModuleState.Of(backbone).Select(entry => entry.Name == "conv_sep.layers.1.running_var" ? (entry.Name, -ones(512)) : entry)]);
        StringAssert.Contains(Assert.ThrowsExactly<WeightsFormatException>(() => BackboneWeights.Load(negative, BackboneArchitecture.MobileFaceNet)).Message, "variances below 0");
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

    private static string Write(IReadOnlyList<(string Name, Tensor Tensor)> state) =>
        Folder.Write(Guid.NewGuid().ToString("N") + ".safetensors", SafetensorsTests.WriteToMemory(state).ToArray());
}
