using Microsoft.ML.ArcFace.Preprocessing;

namespace Microsoft.ML.ArcFace.Tests.Preprocessing;

[TestClass]
public class CosineSeparationTests
{
    private static readonly int[] s_people = [0, 0, 1, 1];

    [TestMethod]
    public void Measure_KnownCosines_GivesTheShareOfPairsInOrder()
    {
        // Angles in degrees; cosines fall with the difference.
        (double right, _, _, _) = Measure([0, 10, 90, 95])[0];
        Assert.AreEqual(1, right, 1e-12);

        // Genuine pairs 0–60 and 90–100; impostor pairs 0–90, 0–100, 60–90, 60–100. 60° loses to 30° and 40°: 6 of 8 are in order.
        Assert.AreEqual(6 / 8.0, Measure([0, 60, 90, 100])[0].Area, 1e-12);
        Assert.AreEqual(0.25, Measure([0, 90, 0, 90])[0].Area, 1e-12, "Of four impostor pairs two are greater, and two equal ones count half.");
    }

    [TestMethod]
    public void Measure_EmbeddingsWithoutDirection_SeparateNobody()
    {
        float[] zeros = new float[8], infinite = [.. Enumerable.Repeat(float.PositiveInfinity, 8)];
        foreach ((double area, double lower, double upper, _) in CosineSeparation.Measure([zeros, infinite], s_people, 20, seed: 1))
        {
            Assert.AreEqual((0.5, 0.5, 0.5), (area, lower, upper));
        }
    }

    [TestMethod]
    public void Measure_SeveralEmbeddings_TellsWhichAreWorse()
    {
        // Thirty people with three faces each around directions of their own; the second embedding has noise over them, the third is the first with another scale.
        var random = new Random(5);
        const int size = 16, people = 30, faces = 3;
        int[] labels = [.. Enumerable.Range(0, people * faces).Select(face => face / faces)];
        float[] directions = Noise(people * size, 1), good = [.. labels.SelectMany(person => directions.AsSpan(person * size, size).ToArray())];
        float[] noise = Noise(good.Length, 0.3), more = Noise(good.Length, 3);
        good = [.. good.Zip(noise, (a, b) => a + b)];
        float[] bad = [.. good.Zip(more, (a, b) => a + b)];
        var measured = CosineSeparation.Measure([bad, good, [.. good.Select(value => 7 * value)]], labels, 200, seed: 1);
        Assert.IsFalse(measured[0].IsAsGoodAsBest);
        Assert.IsTrue(measured[1].IsAsGoodAsBest && measured[2].IsAsGoodAsBest);
        Assert.IsLessThan(measured[1].Area, measured[0].Area);
        foreach ((double area, double lower, double upper, _) in measured)
        {
            Assert.IsTrue(lower <= area && area <= upper && upper - lower < 0.2, $"{lower} {area} {upper}");
        }

        CollectionAssert.AreEqual(measured, CosineSeparation.Measure([bad, good, [.. good.Select(value => 7 * value)]], labels, 200, seed: 1));

        float[] Noise(int count, double scale) => [.. Enumerable.Range(0, count).Select(_ => (float)(scale * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))];
    }

    private static (double Area, double Lower, double Upper, bool IsAsGoodAsBest)[] Measure(double[] degrees) =>
        CosineSeparation.Measure([[.. degrees.SelectMany(angle => new[] { (float)Math.Cos(angle * Math.PI / 180), (float)Math.Sin(angle * Math.PI / 180) })]], s_people, 20, seed: 1);
}
