using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Backbones;

[TestClass]
public class BackboneInitializationTests
{
    [TestMethod]
    public void Create_IResNet_DrawsConvolutionsWithDeviationOfATenth()
    {
        using FaceBackbone backbone = FaceBackbone.Create(BackboneArchitecture.IResNet18);
        foreach ((string name, Tensor weight) in ModuleState.Of(backbone).Where(entry => entry.Tensor.dim() == 4))
        {
            AssertNormal(name, weight, deviation: 0.1);
        }
    }

    [TestMethod]
    public void Create_MobileFaceNet_DrawsKaimingNormalByFanOut()
    {
        using FaceBackbone backbone = FaceBackbone.Create(BackboneArchitecture.MobileFaceNet);
        foreach ((string name, Tensor weight) in ModuleState.Of(backbone).Where(entry => entry.Tensor.dim() >= 2))
        {
            long fanOut = weight.shape[0] * weight.shape.Skip(2).Aggregate(1L, (product, size) => product * size);
            AssertNormal(name, weight, deviation: Math.Sqrt(2.0 / fanOut));
        }
    }

    [TestMethod]
    public void Create_IResNet_DrawsTheLinearUniformlyByFanIn()
    {
        using DisposeScope scope = NewDisposeScope();
        using FaceBackbone backbone = FaceBackbone.Create(BackboneArchitecture.IResNet18);
        double bound = 1 / Math.Sqrt(512 * 7 * 7);
        foreach (string name in new[] { "fc.weight", "fc.bias" })
        {
            Tensor values = backbone.get_parameter(name)!;
            Assert.AreEqual(bound, values.abs().max().item<float>(), bound * 0.05, name);
            Assert.AreEqual(bound / Math.Sqrt(3), values.std().item<float>(), bound * 0.05, name);
        }
    }

    [TestMethod]
    [DataRow(BackboneArchitecture.IResNet18)]
    [DataRow(BackboneArchitecture.MobileFaceNetLarge)]
    public void Create_Always_StartsNormalisationAtIdentityAndSlopesAtAQuarter(BackboneArchitecture architecture)
    {
        using DisposeScope scope = NewDisposeScope();
        using FaceBackbone backbone = FaceBackbone.Create(architecture);
        HashSet<string> slopes = [.. backbone.named_modules().Where(entry => entry.module is ParametricRelu).Select(entry => entry.name + ".weight")];
        Assert.IsNotEmpty(slopes);
        foreach ((string name, Tensor tensor) in ModuleState.Of(backbone).Where(entry => entry.Tensor.dim() < 2 && entry.Name != "fc.bias"))
        {
            double expected = slopes.Contains(name) ? 0.25 : name.EndsWith(".weight") || name.EndsWith(".running_var") ? 1 : 0;
            Assert.IsTrue(tensor.eq(expected).all().item<bool>(), $"{name} must start at {expected}.");
        }
    }

    [TestMethod]
    public void Create_IResNet_FreezesTheScaleOfTheFeaturesOnly()
    {
        using FaceBackbone backbone = FaceBackbone.Create(BackboneArchitecture.IResNet18);
        string[] frozen = [.. backbone.named_parameters().Where(entry => !entry.parameter.requires_grad).Select(entry => entry.name)];
        CollectionAssert.AreEqual(new[] { "features.weight" }, frozen);
    }

    [TestMethod]
    [DataRow(BackboneArchitecture.IResNet18, 24.0)]
    [DataRow(BackboneArchitecture.IResNet34, 34.1)]
    [DataRow(BackboneArchitecture.IResNet50, 43.6)]
    [DataRow(BackboneArchitecture.IResNet100, 65.2)]
    [DataRow(BackboneArchitecture.IResNet200, 118.8)]
    [DataRow(BackboneArchitecture.MobileFaceNet, 2.06)]
    [DataRow(BackboneArchitecture.MobileFaceNetLarge, 6.3)]
    public void Create_Always_HasThePublishedNumberOfParameters(BackboneArchitecture architecture, double millions)
    {
        using FaceBackbone backbone = FaceBackbone.Create(architecture);
        double actual = backbone.parameters().Sum(parameter => parameter.numel()) / 1e6;
        Assert.AreEqual(millions, actual, 0.05);
    }

    /// <summary>Mean and deviation within six standard errors of a normal distribution's.</summary>
    private static void AssertNormal(string name, Tensor weight, double deviation)
    {
        using DisposeScope scope = NewDisposeScope();
        double standardError = deviation / Math.Sqrt(weight.numel());
        Assert.AreEqual(0, weight.mean().item<float>(), 6 * standardError, $"Mean of {name}");
        Assert.AreEqual(deviation, weight.std().item<float>(), 6 * standardError / Math.Sqrt(2), $"Deviation of {name}");
    }
}
