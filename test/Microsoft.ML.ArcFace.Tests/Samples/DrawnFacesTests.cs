using System.Numerics.Tensors;
using Microsoft.ML.ArcFace.Samples.Drawing;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Tests.Samples;

[TestClass]
public sealed class DrawnFacesTests
{
    private readonly string _folder = Directory.CreateTempSubdirectory("drawn-faces-").FullName;

    [TestCleanup]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    public void DrawJpeg_SameNumbers_GivesTheSameFile()
    {
        CollectionAssert.AreEqual(DrawnFaces.DrawJpeg(seed: 4, personNumber: 2, pictureNumber: 5), DrawnFaces.DrawJpeg(4, 2, 5));
    }

    [TestMethod]
    [DataRow(5, 2, 5, DisplayName = "another seed")]
    [DataRow(4, 3, 5, DisplayName = "another person")]
    [DataRow(4, 2, 6, DisplayName = "another picture")]
    public void DrawJpeg_OtherNumbers_GivesAnotherFile(int seed, int person, int picture)
    {
        CollectionAssert.AreNotEqual(DrawnFaces.DrawJpeg(4, 2, 5), DrawnFaces.DrawJpeg(seed, person, picture));
    }

    [TestMethod]
    public void DrawJpeg_ManyPeople_GivesColourPicturesOfFullSize()
    {
        for (int person = 0; person < 30; person++)
        {
            using SKBitmap picture = SKBitmap.Decode(DrawnFaces.DrawJpeg(6, person, 0));
            Assert.AreEqual(DrawnFaces.Side, picture.Width);
            Assert.AreEqual(DrawnFaces.Side, picture.Height);
        }
    }

    [TestMethod]
    public void Create_SecondOfAFamily_SharesTraitsWithTheFirst()
    {
        int shared = 0;
        for (int family = 0; family < 40; family++)
        {
            DrawnPerson first = DrawnPerson.Create(7, 3 * family);
            DrawnPerson second = DrawnPerson.Create(7, (3 * family) + 1);
            Assert.AreNotEqual(first, second);
            shared += first.Eyes.Spacing == second.Eyes.Spacing ? 1 : 0;
        }

        Assert.IsTrue(shared is > 8 and < 32, $"{shared} of 40 pairs of siblings share the distance of the eyes; about half should.");
    }

    [TestMethod]
    public void WriteFolder_FirstPerson_ContinuesWhereAnotherFolderEnds()
    {
        DrawnFaces.WriteFolder(_folder, people: 2, picturesPerPerson: 3, seed: 8, firstPerson: 5);

        string[] files = [.. Directory.GetFiles(_folder, "*.jpg", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(_folder, file).Replace('\\', '/')).Order()];
        CollectionAssert.AreEqual(
            (string[])["person_0006/0001.jpg", "person_0006/0002.jpg", "person_0006/0003.jpg", "person_0007/0001.jpg", "person_0007/0002.jpg", "person_0007/0003.jpg"], files);
        CollectionAssert.AreEqual(DrawnFaces.DrawJpeg(8, 5, 1), File.ReadAllBytes(Path.Combine(_folder, "person_0006", "0002.jpg")));
    }

    [TestMethod]
    public void WriteFolder_CancelledToken_Throws()
    {
        Assert.ThrowsExactly<OperationCanceledException>(
            () => DrawnFaces.WriteFolder(_folder, 2, 2, seed: 1, cancellationToken: new CancellationToken(canceled: true)));
    }

    [TestMethod]
    public void WritePairs_TenFolds_NamesPicturesOfTheRightPeopleOnce()
    {
        string file = Path.Combine(_folder, "pairs.txt");
        DrawnFaces.WritePairs(file, people: 40, picturesPerPerson: 6, folds: 10, pairsPerKind: 30, seed: 1, firstPerson: 60);

        string[] lines = File.ReadAllLines(file);
        Assert.AreEqual("10\t30", lines[0]);
        Assert.HasCount(1 + (10 * 60), lines);
        Assert.AreEqual(lines.Length, lines.Distinct().Count());
        for (int i = 1; i < lines.Length; i++)
        {
            string[] fields = lines[i].Split('\t');
            bool same = (i - 1) / 30 % 2 == 0;
            Assert.HasCount(same ? 3 : 4, fields);
            int[] pictures = same ? [int.Parse(fields[1]), int.Parse(fields[2])] : [int.Parse(fields[1]), int.Parse(fields[3])];
            Assert.IsTrue(pictures.All(picture => picture is >= 1 and <= 6), lines[i]);
            Assert.IsFalse(same ? fields[1] == fields[2] : fields[0] == fields[2], lines[i]);
            int fold = (i - 1) / 60;
            foreach (string name in same ? fields[..1] : [fields[0], fields[2]])
            {
                Assert.AreEqual(fold, (int.Parse(name["person_".Length..]) - 61) / 4, lines[i]);
            }
        }
    }

    [TestMethod]
    public void WritePairs_MorePairsThanThereAre_Throws()
    {
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => DrawnFaces.WritePairs(Path.Combine(_folder, "pairs.txt"), people: 20, picturesPerPerson: 2, folds: 10, pairsPerKind: 3, seed: 1));
    }

    /// <summary>Otherwise there would be nothing to learn, and a training test on drawn faces would prove nothing.</summary>
    [TestMethod]
    public void DrawJpeg_PixelsAlone_HardlyTellPeopleApart()
    {
        const int People = 40;
        const int Pictures = 4;
        float[][] pixels = [.. Enumerable.Range(0, People * Pictures).Select(i => CentredPixels(DrawnFaces.DrawJpeg(9, i / Pictures, i % Pictures)))];
        var same = new List<float>();
        var different = new List<float>();
        for (int i = 0; i < pixels.Length; i++)
        {
            for (int j = i + 1; j < pixels.Length; j++)
            {
                (i / Pictures == j / Pictures ? same : different).Add(TensorPrimitives.CosineSimilarity(pixels[i], pixels[j]));
            }
        }

        double accuracy = BestAccuracy(same, different);
        Console.WriteLine($"Cosine of raw pixels: {accuracy:P1} accuracy at the best threshold");
        Assert.IsTrue(accuracy is > 0.52 and < 0.75, $"{accuracy:P1}");
    }

    private static float[] CentredPixels(byte[] jpeg)
    {
        using SKBitmap picture = SKBitmap.Decode(jpeg);
        float[] values = [.. picture.Pixels.SelectMany(pixel => new float[] { pixel.Red, pixel.Green, pixel.Blue })];
        float mean = TensorPrimitives.Sum(values) / values.Length;
        TensorPrimitives.Subtract(values, mean, values);
        return values;
    }

    private static double BestAccuracy(List<float> same, List<float> different) => same.Max(threshold =>
        0.5 * (((double)same.Count(cosine => cosine >= threshold) / same.Count) + ((double)different.Count(cosine => cosine < threshold) / different.Count)));
}
