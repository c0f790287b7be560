using Microsoft.ML.ArcFace.Data.InsightFace;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.Data.InsightFace;

[TestClass]
public class VerificationBinTests
{
    private static readonly MLContext Ml = new(seed: 1);

    private static FaceRecognitionCatalog Faces => Ml.FaceRecognition();

    [TestMethod]
    [RequiresFaceData("insightface/pairs_py2.bin", "insightface/pairs_py3.bin", "lfw112/test_pairs.txt")]
    [DataRow("pairs_py2.bin")]
    [DataRow("pairs_py3.bin")]
    public void LoadFromVerificationBin_PairsOfPython_AreThePairsOfTheirFolder(string name)
    {
        VerificationDataView view = Faces.LoadFromVerificationBin(TestData.PathOf("insightface/" + name), folds: 2);
        FacePair[] expected = [.. Faces.LoadPairs(TestData.PathOf("lfw112/test_pairs.txt")).Where(pair => pair.Fold < 2)];
        Assert.HasCount(expected.Length, view.Pairs);
        CollectionAssert.AreEqual(expected.Select(pair => (pair.IsSamePerson, pair.Fold)).ToArray(), view.Pairs.Select(pair => (pair.IsSamePerson, pair.Fold)).ToArray());
        byte[][] images = [.. view.GetColumn<byte[]>("ImageBytes")];
        string[] names = [.. view.GetColumn<string>("RelativePath")];
        Assert.HasCount(2 * expected.Length, images);
        for (int pair = 0; pair < expected.Length; pair++)
        {
            Assert.AreEqual((names[2 * pair], names[(2 * pair) + 1]), (view.Pairs[pair].First, view.Pairs[pair].Second));
            CollectionAssert.AreEqual(File.ReadAllBytes(TestData.PathOf("lfw112/test/" + expected[pair].First)), images[2 * pair]);
            CollectionAssert.AreEqual(File.ReadAllBytes(TestData.PathOf("lfw112/test/" + expected[pair].Second)), images[(2 * pair) + 1]);
        }
    }

    [TestMethod]
    [RequiresFaceData("insightface/small_lfw_real.bin")]
    public void LoadFromVerificationBin_NumPyElements_Decode()
    {
        VerificationDataView view = Faces.LoadFromVerificationBin(TestData.PathOf("insightface/small_lfw_real.bin"));
        Assert.IsTrue(view.Pairs.All(pair => pair.IsSamePerson));
        Assert.AreEqual(2L * view.Pairs.Count, view.GetRowCount());
        IDataView decoded = Ml.Transforms.LoadFaceImages("Image", "ImageBytes").Fit(view).Transform(view);
        using DataViewRowCursor cursor = decoded.GetRowCursor(decoded.Schema);
        ValueGetter<MLImage> getImage = cursor.GetGetter<MLImage>(decoded.Schema["Image"]);
        MLImage image = null!;
        while (cursor.MoveNext())
        {
            getImage(ref image);
            Assert.AreEqual((112, 112), (image.Width, image.Height));
        }
    }

    [TestMethod]
    [DataRow(2)]
    [DataRow(3)]
    [DataRow(4)]
    [DataRow(5)]
    public void Open_EveryElementKindAndProtocol_GivesTheBytes(int protocol)
    {
        byte[][] images = [[0xff, 0xd8, 0], [0x80, 0x7f]];
        Action<PickleWriter, byte[]>[] kinds = [WritePlain, WriteLatin1, WriteNumPy, WriteFromBuffer];
        foreach (Action<PickleWriter, byte[]> write in kinds)
        {
            PickleWriter pickle = PickleWriter.Start((byte)protocol).Op(']').Op('(');
            write(pickle, images[0]);
            write(pickle, images[1]);
            byte[] file = pickle.Op('e').Op(']').Bool(true).Op('a').Raw(0x86).Stop();
            var opened = new VerificationFile(ByteSource.Of(file), "x.bin");
            CollectionAssert.AreEqual(new[] { true }, opened.IsSamePerson);
            CollectionAssert.AreEqual(images[0], opened.Image(0));
            CollectionAssert.AreEqual(images[1], opened.Image(1));
        }
    }

    [TestMethod]
    public void SaveAsVerificationBin_FolderAndPairs_ComeBack()
    {
        using var people = new DrawnPeople(people: 3, picturesPerPerson: 4);
        using var folder = new TemporaryFolder();
        IDataView data = Faces.LoadFromFolder(people.Folder);
        IReadOnlyList<FacePair> pairs = Faces.AllPairs(data, folds: 3);
        string path = Path.Combine(folder.FullName, "test.bin");
        Faces.SaveAsVerificationBin(data, pairs, path);
        VerificationDataView view = Faces.LoadFromVerificationBin(path, folds: 3);
        CollectionAssert.AreEqual(pairs.Select(pair => pair.IsSamePerson).ToArray(), view.Pairs.Select(pair => pair.IsSamePerson).ToArray());
        string[] expected = [.. pairs.SelectMany(pair => new[] { pair.First, pair.Second }).Select(name => Convert.ToHexString(File.ReadAllBytes(Path.Combine(people.Folder, name))))];
        CollectionAssert.AreEqual(expected, view.GetColumn<byte[]>("ImageBytes").Select(Convert.ToHexString).ToArray());

        // Both ways to the same numbers.
        using FaceEmbeddingTransformer embedding = Embedding.FaceEmbeddingTransformerTests.Create();
        IDataView fromBin = Ml.Transforms.LoadFaceImages("Image", "ImageBytes").Fit(view).Append(embedding).Transform(view);
        IDataView fromFolder = Ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(data).Append(embedding).Transform(data);
        Assert.AreEqual(Faces.EvaluateVerification(fromFolder, pairs).AreaUnderRocCurve, Faces.EvaluateVerification(fromBin, view.Pairs).AreaUnderRocCurve, 1e-6);
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidOperationException>(() => Faces.SaveAsVerificationBin(data, [new FacePair("x", "y", true, 0)], path)).Message, "missing in the column 'RelativePath': x, y");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Faces.LoadFromVerificationBin(path, folds: 1)).Message, "folds is 1");
    }

    [TestMethod]
    public void LoadFromVerificationBin_PairsThatDoNotDivide_FoldsAsScikitLearn()
    {
        PickleWriter pickle = PickleWriter.Start(3).Op(']').Op('(').Repeat(26, p => p.Raw((byte)'C', 1, 7)).Op('e').Op(']').Op('(').Repeat(13, p => p.Bool(false)).Op('e').Raw(0x86);
        using var folder = new TemporaryFolder();
        VerificationDataView view = Faces.LoadFromVerificationBin(folder.Write("x.bin", pickle.Stop()));
        int[] sizes = [.. view.Pairs.GroupBy(pair => pair.Fold).OrderBy(fold => fold.Key).Select(fold => fold.Count())];
        CollectionAssert.AreEqual(new[] { 2, 2, 2, 1, 1, 1, 1, 1, 1, 1 }, sizes);
    }

    [TestMethod]
    public void Open_ProgramsAndOtherThings_AreRefused()
    {
        Refuse(PickleWriter.Start().Global("os", "system").Op('(').Text("echo").Op('t').Op('R'), "'os.system', which is not data");
        Refuse(PickleWriter.Start().Global("numpy", "load").Op(')').Op('R'), "'numpy.load'");
        Refuse(PickleWriter.Start().Op(']').Op(']').Raw(0x86), "0 images for 0 pairs");
        Refuse(PickleWriter.Start(3).Op(']').Raw((byte)'C', 1, 7).Op('a').Op(']').Bool(true).Op('a').Raw(0x86), "1 images for 1 pairs");
        Refuse(PickleWriter.Start(3).Op(']').Text("a").Op('a').Text("b").Op('a').Op(']').Bool(true).Op('a').Raw(0x86), "neither bytes nor an array");
        Refuse(PickleWriter.Start(3).Op(']').Raw((byte)'C', 1, 7).Op('a').Raw((byte)'C', 1, 7).Op('a').Op(']').Long(2).Op('a').Raw(0x86), "no truth value");
        Refuse(PickleWriter.Start(3).Global("numpy", "dtype").Text("f4").Bool(false).Bool(true).Raw(0x87).Op('R'), "array of 'f4'");
        Refuse(PickleWriter.Start(3).Op('N'), "no pair of lists");
    }

    private static void Refuse(PickleWriter pickle, string message) =>
        StringAssert.Contains(Assert.ThrowsExactly<FaceDataFormatException>(() => new VerificationFile(ByteSource.Of(pickle.Stop()), "x.bin")).Message, message);

    private static void WritePlain(PickleWriter pickle, byte[] image) => pickle.Op('B').UInt32((uint)image.Length).Raw(image);

    /// <summary>Python 3's bytes in protocol 2.</summary>
    private static void WriteLatin1(PickleWriter pickle, byte[] image) =>
        pickle.Global("_codecs", "encode").Text(string.Concat(image.Select(value => (char)value))).Text("latin1").Raw(0x86).Op('R');

    private static void WriteNumPy(PickleWriter pickle, byte[] image)
    {
        pickle.Global("numpy.core.multiarray", "_reconstruct").Global("numpy", "ndarray").Numbers(0).Raw((byte)'C', 1, (byte)'b').Raw(0x87).Op('R')
            .Op('(').Long(1).Numbers(image.Length);
        WriteType(pickle);
        pickle.Bool(false);
        WritePlain(pickle, image);
        pickle.Op('t').Op('b');
    }

    /// <summary>NumPy's arrays in protocol 5.</summary>
    private static void WriteFromBuffer(PickleWriter pickle, byte[] image)
    {
        pickle.Global("numpy._core.numeric", "_frombuffer").Op('(').Raw(0x96, (byte)image.Length, 0, 0, 0, 0, 0, 0, 0).Raw(image);
        WriteType(pickle);
        pickle.Numbers(image.Length).Text("C").Op('t').Op('R');
    }

    private static void WriteType(PickleWriter pickle) =>
        pickle.Global("numpy", "dtype").Text("u1").Bool(false).Bool(true).Raw(0x87).Op('R')
            .Op('(').Long(3).Text("|").Op('N').Op('N').Op('N').Long(-1).Long(-1).Long(0).Op('t').Op('b');
}
