using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Duplicates;
using Microsoft.ML.ArcFace.Evaluation;
using Microsoft.ML.ArcFace.Samples.Drawing;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Tests.Duplicates;

[TestClass]
public class FindDuplicatesTests
{
    private static readonly MLContext Ml = new(seed: 1);

    [TestMethod]
    public void FindDuplicates_CopiesOfDrawnFaces_AreFoundAndNothingElse()
    {
        using var people = new DrawnPeople(people: 8, picturesPerPerson: 3);
        using var test = new TemporaryFolder();
        string[] train = [.. Directory.EnumerateFiles(people.Folder, "*.jpg", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        test.Write("copy/a.jpg", File.ReadAllBytes(train[0]));
        test.Write("compressed/a.jpg", Encode(train[4], 112, 50));
        test.Write("halved/a.png", Encode(train[9], 56, 100, SKEncodedImageFormat.Png));
        test.Write("person_0001/broken.jpg", [1, 2, 3]);
        test.Write("new/a.jpg", DrawnFaces.DrawJpeg(seed: 1, personNumber: 100, pictureNumber: 0));
        FaceRecognitionCatalog faces = Ml.FaceRecognition();

        DuplicateMetrics found = faces.FindDuplicates(faces.LoadFromFolder(people.Folder), faces.LoadFromFolder(test.FullName), new DuplicateOptions { EmbeddingColumnName = null });

        CollectionAssert.AreEquivalent(
            new[] { ("copy/a.jpg", Relative(train[0])), ("compressed/a.jpg", Relative(train[4])), ("halved/a.png", Relative(train[9])) }, found.Pairs.Select(pair => (pair.TestName, pair.TrainName)).ToArray());
        Assert.AreEqual((DuplicateKinds.SameFile | DuplicateKinds.SameLook, 0), (found.Pairs[0].Kinds, found.Pairs[0].HashDistance));
        Assert.AreEqual(DuplicateKinds.SameLook, found.Pairs[1].Kinds);
        Assert.AreEqual((3, 5, 24L, 1, 3L), (found.TestDuplicateCount, found.TestCount, found.TrainCount, found.UnreadableCount, found.PairCount));
        StringAssert.Contains(found.ToString(), "3 of 5 photographs");
        StringAssert.Contains(found.ToString(), "labelled 'copy' and 'person_0001'");

        string Relative(string file) => Path.GetRelativePath(people.Folder, file);
    }

    [TestMethod]
    public void FindDuplicates_Embeddings_AreThoseOfANaiveSearch()
    {
        var random = new Random(7);
        float[][] test = Vectors(random, 75), train = [.. Vectors(random, 1200), .. test.Take(10).Select(vector => Array.ConvertAll(vector, value => 3 * value))];
        double minimum = 0.8;
        HashSet<(int, int)> expected = [];
        for (int i = 0; i < test.Length; i++)
        {
            for (int j = 0; j < train.Length; j++)
            {
                if (UnitVectors.Cosine(test[i], train[j]) is var cosine && cosine >= minimum)
                {
                    expected.Add((i, j));
                }
            }
        }

        DuplicateMetrics found = Ml.FaceRecognition().FindDuplicates(View(train), View(test), new DuplicateOptions { ImageColumnName = null, MinimumCosine = minimum, LabelColumnName = null, MaximumPairs = 100_000 });
        Assert.IsGreaterThan(20, expected.Count);
        CollectionAssert.AreEquivalent(expected.ToArray(), found.Pairs.Select(pair => (int.Parse(pair.TestName), int.Parse(pair.TrainName))).ToArray());
        CollectionAssert.AreEqual(found.Pairs.OrderByDescending(pair => pair.Cosine).Select(pair => pair.Cosine).ToArray(), found.Pairs.Select(pair => pair.Cosine).ToArray());

        DuplicateMetrics first = Ml.FaceRecognition().FindDuplicates(View(train), View(test), new DuplicateOptions { ImageColumnName = null, MinimumCosine = minimum, LabelColumnName = null, MaximumPairs = 10 });
        Assert.AreEqual(found.PairCount, first.PairCount, "All are counted.");
        CollectionAssert.AreEqual(found.Pairs.Take(10).Select(pair => pair.TestName).ToArray(), first.Pairs.Select(pair => pair.TestName).ToArray());
    }

    [TestMethod]
    public void PerceptualHash_OfCopies_LiesFarBelowThatOfOtherPictures()
    {
        using var people = new DrawnPeople(people: 6, picturesPerPerson: 2);
        string[] files = [.. Directory.EnumerateFiles(people.Folder, "*.jpg", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        PerceptualHash[] hashes = [.. files.Select(file => HashOf(File.ReadAllBytes(file)))];
        int farthestCopy = files.Index().Max(file => new[] { Encode(file.Item, 112, 50), Encode(file.Item, 56, 95), Encode(file.Item, 224, 80), Lighter(file.Item) }.Max(copy => hashes[file.Index].DistanceTo(HashOf(copy))));
        int nearestOther = Enumerable.Range(0, files.Length).Min(i => Enumerable.Range(0, i).Select(j => hashes[i].DistanceTo(hashes[j])).DefaultIfEmpty(256).Min());
        Console.WriteLine($"copies up to {farthestCopy}, other pictures from {nearestOther}");

        int limit = new DuplicateOptions().MaximumHashDistance;
        Assert.IsTrue(farthestCopy <= limit && nearestOther > limit, $"Copies differ by up to {farthestCopy} bits, other pictures by {nearestOther} or more; the limit is {limit}.");
    }

    [TestMethod]
    public void FindDuplicates_WhatCannotBeCompared_IsRefused()
    {
        FaceRecognitionCatalog faces = Ml.FaceRecognition();
        IDataView view = View(Vectors(new Random(1), 3));
        ArgumentOutOfRangeException options = Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => faces.FindDuplicates(view, view, new DuplicateOptions { ImageColumnName = null, EmbeddingColumnName = null, MinimumCosine = 0, MaximumHashDistance = 97, MaximumPairs = 0 }));
        foreach (string name in new[] { "both null", "MinimumCosine is 0", "MaximumHashDistance is 97", "MaximumPairs is 0" })
        {
            StringAssert.Contains(options.Message, name);
        }

        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => faces.FindDuplicates(view, view)).Message, "'Label'");
        DuplicateOptions vectors = new() { ImageColumnName = null, LabelColumnName = null };
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => faces.FindDuplicates(view, View([]), vectors)).Message, "no rows");
        IDataView longer = Ml.Data.LoadFromEnumerable([new LongRow { RelativePath = "0", Embedding = [1, 2, 3] }]);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => faces.FindDuplicates(longer, view, vectors)).Message, "16 and 3 numbers");
    }

    private static float[][] Vectors(Random random, int count)
    {
        // Around a few directions, so that some are near each other.
        float[][] centres = [.. Enumerable.Range(0, 40).Select(_ => Draw(1))];
        return [.. Enumerable.Range(0, count).Select(_ => centres[random.Next(centres.Length)].Zip(Draw(0.5f), (x, y) => x + y).ToArray())];

        float[] Draw(float scale) => [.. Enumerable.Range(0, 16).Select(_ => scale * (float)(random.NextDouble() - 0.5))];
    }

    private static IDataView View(float[][] vectors) => Ml.Data.LoadFromEnumerable(vectors.Select((vector, index) => new Row { RelativePath = $"{index}", Embedding = vector }));

    private static PerceptualHash HashOf(byte[] file)
    {
        using MLImage image = FaceImage.FromBytes(file, "copy");
        return PerceptualHash.Of(image);
    }

    private static byte[] Encode(string file, int side, int quality, SKEncodedImageFormat format = SKEncodedImageFormat.Jpeg)
    {
        using SKBitmap picture = SKBitmap.Decode(file), resized = picture.Resize(new SKImageInfo(side, side), SKFilterQuality.High);
        using SKData data = resized.Encode(format, quality);
        return data.ToArray();
    }

    private static byte[] Lighter(string file)
    {
        using SKBitmap picture = SKBitmap.Decode(file);
        for (int i = 0; i < picture.Width * picture.Height; i++)
        {
            SKColor colour = picture.GetPixel(i % picture.Width, i / picture.Width);
            picture.SetPixel(i % picture.Width, i / picture.Width, new SKColor(Up(colour.Red), Up(colour.Green), Up(colour.Blue)));
        }

        using SKData data = picture.Encode(SKEncodedImageFormat.Jpeg, 85);
        return data.ToArray();

        static byte Up(byte value) => (byte)Math.Min(255, (value * 1.15) + 8);
    }

    private sealed class Row
    {
        public string RelativePath { get; set; } = "";

        [VectorType(16)]
        public float[] Embedding { get; set; } = [];
    }

    private sealed class LongRow
    {
        public string RelativePath { get; set; } = "";

        [VectorType(3)]
        public float[] Embedding { get; set; } = [];
    }
}
