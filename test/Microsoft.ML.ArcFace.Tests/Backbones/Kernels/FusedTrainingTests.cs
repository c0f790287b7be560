using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Backbones.Kernels;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Backbones.Kernels;

/// <summary>A step of training a whole network with the kernels and without.</summary>
[TestClass]
public class FusedTrainingTests
{
    // The gradient jumps where the input of a PReLU changes sign, and rounding moves some inputs across zero: of two
    // exact implementations with slope 0.25 one is off by 3e-3, the other by 6e-3. This slope keeps the jump small.
    private const float Slope = 0.999f;

    [TestCleanup]
    public void EnableKernels() => FusedKernels.Enabled = true;

    [TestMethod]
    [DataRow(BackboneArchitecture.MobileFaceNet)]
    [DataRow(BackboneArchitecture.IResNet18)]
    public void Backward_WholeNetwork_EqualsLibtorch(BackboneArchitecture architecture)
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed(3);
        Tensor faces = (rand(3, 112, 112, 3) * 2 - 1).permute(0, 3, 1, 2);
        Tensor direction = randn(3, 512);
        Dictionary<string, Tensor> plain = Step(architecture, faces, direction, kernels: false);
        Dictionary<string, Tensor> fused = Step(architecture, faces, direction, kernels: true);

        CollectionAssert.AreEqual(plain.Keys, fused.Keys);
        Assert.IsFalse(fused["embeddings"].Equals(plain["embeddings"]), "Other code rounds otherwise: these are from the same.");
        foreach (string kind in new[] { "embeddings", "gradient", "running_mean", "running_var", "num_batches_tracked" })
        {
            // All of a kind as one vector: some are exactly zero but for rounding, such as the gradient of a shift before
            // another BatchNorm, and the running mean of what a BatchNorm has centred.
            string[] names = [.. plain.Keys.Where(name => name.Contains(kind, StringComparison.Ordinal))];
            Assert.IsLessThan(2e-4, Error(plain, fused, names), kind);
        }
    }

    [TestMethod]
    [DataRow(BackboneArchitecture.MobileFaceNet, 6, 1.15)]
    [DataRow(BackboneArchitecture.IResNet18, 1, 1.3)]
    public void Backward_WholeNetworkInBFloat16_IsAsExactAsLibtorch(BackboneArchitecture architecture, int batches, double largestRatio)
    {
        // What rounding does to MobileFaceNet's gradient of one batch scatters by more than a third, so errors are averaged; what is left is the kernels' own.
        string[] kinds = ["embeddings", "gradient", "running_mean", "running_var"];
        var ofPlain = kinds.ToDictionary(kind => kind, _ => 0.0);
        var ofFused = kinds.ToDictionary(kind => kind, _ => 0.0);
        for (int batch = 0; batch < batches; batch++)
        {
            using DisposeScope scope = NewDisposeScope();
            manual_seed(3 + batch);
            Tensor faces = (rand(4, 112, 112, 3) * 2 - 1).permute(0, 3, 1, 2), direction = randn(4, 512);
            Dictionary<string, Tensor> exact = Step(architecture, faces, direction, kernels: false);
            Tensor rounded = faces.to(ScalarType.BFloat16);
            Dictionary<string, Tensor> plain = Step(architecture, rounded, direction, kernels: false), fused = Step(architecture, rounded, direction, kernels: true);
            foreach (string kind in kinds)
            {
                string[] names = [.. exact.Keys.Where(name => name.Contains(kind, StringComparison.Ordinal))];
                (double plainError, double fusedError) = (Error(exact, plain, names), Error(exact, fused, names));
                Console.WriteLine($"{kind}: libtorch {plainError:E2}, kernels {fusedError:E2}");
                (ofPlain[kind], ofFused[kind]) = (ofPlain[kind] + (plainError / batches), ofFused[kind] + (fusedError / batches));
            }
        }

        foreach (string kind in kinds)
        {
            Assert.IsGreaterThan(1e-4, ofFused[kind], $"{kind}: not computed in bfloat16");
            Assert.IsLessThan(largestRatio * ofPlain[kind], ofFused[kind], kind);
        }
    }

    [TestMethod]
    public void Backward_WholeNetwork_LeavesNothingBehind()
    {
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (DisposeScope scope = NewDisposeScope())
        {
            Step(BackboneArchitecture.MobileFaceNet, rand(2, 112, 112, 3).permute(0, 3, 1, 2), rand(2, 512), kernels: true);
        }

        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static Dictionary<string, Tensor> Step(BackboneArchitecture architecture, Tensor faces, Tensor direction, bool kernels)
    {
        FusedKernels.Enabled = kernels;
        manual_seed(5);
        using FaceBackbone backbone = FaceBackbone.Create(architecture);
        foreach (ParametricRelu activation in backbone.modules().OfType<ParametricRelu>())
        {
            nn.init.constant_(activation.Weight, Slope);
        }

        backbone.train();
        Tensor embeddings = backbone.call(faces);
        (nn.functional.normalize(embeddings) * direction).sum().backward();

        var result = new Dictionary<string, Tensor> { ["embeddings"] = embeddings.detach() };
        foreach ((string name, Parameter parameter) in backbone.named_parameters())
        {
            if (parameter.grad is { } gradient)
            {
                result["gradient of " + name] = gradient;
            }
        }

        foreach ((string name, Tensor buffer) in backbone.named_buffers())
        {
            result[name] = buffer.clone();
        }

        return result;
    }

    private static double Error(Dictionary<string, Tensor> expected, Dictionary<string, Tensor> actual, string[] names) =>
        ((Together(actual, names) - Together(expected, names)).norm() / Together(expected, names).norm()).item<double>();

    private static Tensor Together(Dictionary<string, Tensor> tensors, string[] names) =>
        cat([.. names.Select(name => tensors[name].to(ScalarType.Float64).flatten())]);
}
