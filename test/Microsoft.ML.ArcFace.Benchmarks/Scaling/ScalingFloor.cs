using Microsoft.ML.ArcFace.Benchmarks.Embedding;
using Microsoft.ML.ArcFace.Benchmarks.Heads;

namespace Microsoft.ML.ArcFace.Benchmarks.Scaling;

/// <summary>What the machine needs at least, on one thread, for the work of a curve.</summary>
internal sealed class ScalingFloor(MachineFloor machine)
{
    // A product and its two gradients take as many multiply-adds each.
    private const int ProductsOfAStep = 3;

    // Of a number of a centre: read for the product; its gradient written; then weight, gradient and velocity read, weight and velocity written.
    private const int PassesOverCentres = 7;

    // Of a logit: written by the product, read for the loss, its gradient written, read for the products of the gradients.
    private const int PassesOverLogits = 4;

    private const int Batch = HeadStep.BatchSize, Size = HeadStep.EmbeddingSize;

    /// <summary>A step of the head that scores so many of all people.</summary>
    public double OfHead(double people, double scored)
    {
        double operations = ProductsOfAStep * Batch * scored * Size;

        // A sample is copied out of the table and back, weights and velocities; a random number is drawn for each person and ranked.
        bool isSample = scored < people;
        double bytes = sizeof(float) * ((scored * ((Size * (PassesOverCentres + (isSample ? 6 : 0))) + (PassesOverLogits * Batch))) + (isSample ? 2 * people : 0));
        return Math.Max(operations / machine.Float32, bytes / machine.ReadBandwidth) / 1e6;
    }

    /// <summary>Centres and velocities; where all are scored, their gradients too.</summary>
    public static double MegabytesOfHead(double people, double scored) => sizeof(float) * Size * ((2 * people) + scored) / 1e6;

    /// <summary>A face through MobileFaceNet.</summary>
    public double OfEmbedding => machine.MillisecondsOf(BackboneArchitecture.MobileFaceNet).Float32;

    /// <summary>A face through MobileFaceNet and back.</summary>
    public double OfTraining => ProductsOfAStep * OfEmbedding;
}
