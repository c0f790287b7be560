using Microsoft.ML.ArcFace.Losses;
using Microsoft.ML.ArcFace.Tests.Training;
using Microsoft.ML.ArcFace.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Losses;

/// <summary>Every loss moves free embeddings until they are nearest to the centre of its own class.</summary>
[TestClass]
public class HeadLearningTests
{
    private const int Size = 8, Classes = 6, Each = 5, Steps = 150;

    /// <summary>The losses that are trained with; lengths of free embeddings are shorter than a network's.</summary>
    public static IEnumerable<object[]> Losses => LossTrainingTests.Losses
        .Select(loss => loss is MagFaceLoss ? new MagFaceLoss { LowerLength = 1, UpperLength = 8, LengthWeight = 1 } : loss)
        .SelectMany(loss => new[] { 0, 0.5, 1 }.Where(rate => rate == 0 || loss.CanSampleClasses).Select(rate => new object[] { loss, rate }));

    [TestMethod]
    [DynamicData(nameof(Losses))]
    public void Forward_GradientSteps_BringEmbeddingsToTheirClass(object choice, double sampleRate)
    {
        var loss = (FaceLoss)choice;
        using var scope = NewDisposeScope();
        manual_seed(11);
        using LossHead head = loss.CreateHead(Size, Classes, 16);
        Parameter embeddings = nn.Parameter(randn(Classes * Each, Size) * 2);
        Tensor labels = arange(Classes * Each).remainder(Classes);
        CenterSampler? sampler = null;
        if (sampleRate > 0)
        {
            sampler = new CenterSampler((ClassificationHead)head, sampleRate);
        }

        SGD optimizer = optim.SGD([embeddings, .. head.parameters().Where(parameter => parameter.requires_grad)], 0.5, momentum: 0.9);
        using SampledRowsOptimizer? sampledOptimizer = sampler is null ? null : new SampledRowsOptimizer(new MomentumRule(0.9, 0), sampler);
        for (int step = 0; step < Steps; step++)
        {
            using var stepScope = NewDisposeScope();

            // Scoring half of the classes makes sense where the batch does not hold them all.
            Tensor batch = sampleRate is > 0 and < 1 ? arange(step % 2, Classes * Each, 2) : arange(Classes * Each);
            optimizer.zero_grad();
            Tensor own = labels.index_select(0, batch);
            using CenterSample? sample = sampler?.Take(own);
            head.forward(embeddings.index_select(0, batch), own, new LossStep(step, sample) { MarginFraction = Math.Min(1, 2.0 * step / Steps) }).backward();
            optimizer.step();
            if (sample is not null)
            {
                sampledOptimizer!.Step(sample, 0.5);
            }
        }

        Tensor unit = nn.functional.normalize(embeddings.detach(), dim: 1);
        Tensor centers = nn.functional.normalize(head.ClassCenters([new EmbeddedBatch(unit, labels)]), dim: 1);

        // Sub-centres leave a class in several places: there each of its centres counts.
        Tensor cosine = loss is SubCenterArcFaceLoss ? ((ClassificationHead)head).Cosine(unit) : unit.matmul(centers.t());
        double accuracy = cosine.argmax(1).eq(labels).to(ScalarType.Float64).mean().item<double>();
        Assert.IsGreaterThanOrEqualTo(0.95, accuracy, loss.ToString());
    }
}
