using System.Globalization;
using System.Text;
using Microsoft.ML.ArcFace.Data.InsightFace;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Tests.Data.InsightFace;

[TestClass]
public class RecordIOTests
{
    private static readonly MLContext Ml = new(seed: 1);

    private static FaceRecognitionCatalog Faces => Ml.FaceRecognition();

    [TestMethod]
    [RequiresFaceData("insightface/train.rec")]
    public void LoadFromRecordIO_InsightFaceSet_HasItsImagesAndPeople()
    {
        string path = TestData.PathOf("insightface/train.rec");
        IDataView view = Faces.LoadFromRecordIO(path);
        int images = File.ReadLines(Path.ChangeExtension(path, ".idx")).Count() - 1 - 60;
        Assert.AreEqual(images, view.GetRowCount());
        Assert.AreEqual(new KeyDataViewType(typeof(uint), 60), view.Schema["Label"].Type);
        uint[] labels = [.. view.GetColumn<uint>("Label")];
        Assert.AreEqual(1u, labels.Min());
        Assert.AreEqual(60u, labels.Max());
        CollectionAssert.AreEqual(Enumerable.Range(1, images).Select(key => (uint)key).ToArray(), view.GetColumn<uint>("RecordKey").ToArray());

        // One record is split in parts: joined, every image decodes.
        ITransformer loading = Ml.Transforms.LoadFaceImages("Image", "ImageBytes").Fit(view);
        Assert.AreEqual(images, Widths(loading.Transform(view)).Count(width => width == 112));

        VBuffer<ReadOnlyMemory<char>> names = default;
        view.Schema["Label"].GetKeyValues(ref names);
        CollectionAssert.AreEqual(File.ReadAllLines(TestData.PathOf("insightface/identities.txt")), names.DenseValues().Select(name => name.ToString()).ToArray());
    }

    [TestMethod]
    [RequiresFaceData("insightface/train.rec")]
    public void LoadFromRecordIO_WithoutItsIndex_GivesTheSame()
    {
        byte[] records = File.ReadAllBytes(TestData.PathOf("insightface/train.rec"));
        using var folder = new TemporaryFolder();
        IDataView scanned = Faces.LoadFromRecordIO(folder.Write("train.rec", records));
        IDataView indexed = Faces.LoadFromRecordIO(TestData.PathOf("insightface/train.rec"));
        CollectionAssert.AreEqual(indexed.GetColumn<uint>("Label").ToArray(), scanned.GetColumn<uint>("Label").ToArray());
        CollectionAssert.AreEqual(indexed.GetColumn<byte[]>("ImageBytes").ElementAt(2), scanned.GetColumn<byte[]>("ImageBytes").ElementAt(2));
        Assert.AreEqual(indexed.Schema["Label"].Type, scanned.Schema["Label"].Type);
    }

    [TestMethod]
    [RequiresFaceData("insightface/cars_real.rec")]
    public void LoadFromRecordIO_Im2recSetOfManyLabels_UsesEveryKey()
    {
        // The property and the names beside it are those of another set.
        IDataView view = Faces.LoadFromRecordIO(TestData.PathOf("insightface/cars_real.rec"));
        Assert.AreEqual(new KeyDataViewType(typeof(uint), 5), view.Schema["Label"].Type);
        Assert.IsFalse(view.Schema["Label"].HasKeyValues());
        Assert.AreEqual(12, view.GetRowCount());
        float[][] labels = [.. view.GetColumn<float[]>("Labels")];
        CollectionAssert.AreEqual(new[] { 4f, 5f, 780f, 438f, 0f }, labels[0][..5]);
        Assert.IsTrue(Array.TrueForAll(labels, label => label.Length == 9));
        Assert.IsTrue(view.GetColumn<uint>("Label").All(label => label == 5));
        Assert.IsTrue(view.GetColumn<byte[]>("ImageBytes").All(image => image[0] == 0xFF && image[1] == 0xD8));
    }

    [TestMethod]
    public void LoadFromRecordIO_Index_TakesAtMostSixteenBytesARecord()
    {
        // Records of no image, 32 bytes each: what is allocated besides the index does not grow with them.
        const int few = 1000, many = 200_000;
        foreach (bool isIndexed in new[] { true, false })
        {
            (byte[] Records, byte[]? Index)[] sets = [.. new[] { few, many }.Select(count => (Set: Write(Enumerable.Repeat(Array.Empty<byte>(), count), _ => 0), isIndexed))
                .Select(entry => (entry.Set.Records, entry.isIndexed ? entry.Set.Index : null))];
            long[] allocated = [.. sets.Select(set =>
            {
                var records = new RecordFile(ByteSource.Of(set.Records), "set.rec");
                using IChannel channel = ((IHostEnvironment)Ml).Start("Test");
                long before = GC.GetAllocatedBytesForCurrentThread();
                RecordIndex index = set.Index is null ? RecordIndex.FromRecords(records, channel) : RecordIndex.FromFile(ByteSource.Of(set.Index), "set.idx", records.Length);
                Assert.AreEqual(set.Records.Length / 32, index.Count);
                return GC.GetAllocatedBytesForCurrentThread() - before;
            })];
            Assert.IsLessThanOrEqualTo(16.5, (allocated[1] - allocated[0]) / (double)(many - few), $"With .idx: {isIndexed}");
        }
    }

    [TestMethod]
    public void LoadFromRecordIO_RecordBehindFourGigabytes_IsRead()
    {
        const long hole = 5L << 30;
        using var folder = new TemporaryFolder();
        (byte[] records, _) = Write([[1, 2, 3], [4, 5]], label: key => key);
        int second = records.Length / 2;
        string path = Path.Combine(folder.FullName, "large.rec");
        using (FileStream file = File.Create(path))
        {
            // A hole takes no space on the disk.
            file.Write(records.AsSpan(0, second));
            file.Position = hole;
            file.Write(records.AsSpan(second));
        }

        folder.Write("large.idx", Encoding.ASCII.GetBytes($"0\t0\n1\t{hole}\n"));
        CollectionAssert.AreEqual(new[] { "010203", "0405" }, Faces.LoadFromRecordIO(path).GetColumn<byte[]>("ImageBytes").Select(Convert.ToHexString).ToArray());
    }

    [TestMethod]
    public void GetRowCursor_Shuffled_GivesEveryRowOnceAndEachAsItsOwn()
    {
        IDataView view = Small(images: 40);
        Assert.IsTrue(view.CanShuffle);
        var seen = new List<uint>();
        using DataViewRowCursor cursor = view.GetRowCursor(view.Schema, new Random(3));
        var getKey = cursor.GetGetter<uint>(view.Schema["RecordKey"]);
        var getLabel = cursor.GetGetter<uint>(view.Schema["Label"]);
        var getImage = cursor.GetGetter<VBuffer<byte>>(view.Schema["ImageBytes"]);
        VBuffer<byte> image = default;
        uint key = 0, label = 0;
        while (cursor.MoveNext())
        {
            getKey(ref key);
            getLabel(ref label);
            getImage(ref image);
            seen.Add(key);
            Assert.AreEqual((key % 3) + 1, label);
            Assert.AreEqual((byte)key, image.GetValues()[0]);
        }

        uint[] ordered = [.. Enumerable.Range(1, 40).Select(value => (uint)value)];
        CollectionAssert.AreEquivalent(ordered, seen);
        CollectionAssert.AreNotEqual(ordered, seen);
        Assert.ThrowsExactly<InvalidOperationException>(() => getKey(ref key), "Behind the last row there is nothing to read.");
    }

    [TestMethod]
    public void Write_MagicWithinAnImage_IsSplitAndJoinedAgain()
    {
        byte[] magic = [0x0a, 0x23, 0xd7, 0xce];
        byte[][] images = [[.. magic], [.. magic, .. magic, 1], [1, 2, 3, 4, .. magic, 5], [1, .. magic, 2], [], [7]];
        (byte[] records, byte[] index) = Write(images, label: _ => 0);
        IDataView view = Load(records, index);
        CollectionAssert.AreEqual(images.Select(Convert.ToHexString).ToArray(), view.GetColumn<byte[]>("ImageBytes").Select(Convert.ToHexString).ToArray());
        Assert.IsTrue(Load(records, index: null).GetColumn<uint>("RecordKey").Count() == images.Length);

        // No part holds the magic at a multiple of four: it is there once for each part.
        Assert.AreEqual(2 + 3 + 2 + 1 + 1 + 1, Occurrences(records, magic));
    }

    [TestMethod]
    public void SaveAsRecordIO_Folder_ComesBackPersonByPerson()
    {
        using var people = new DrawnPeople(people: 3, picturesPerPerson: 2);
        using var folder = new TemporaryFolder();
        IDataView photographs = Faces.LoadFromFolder(people.Folder);
        string path = Path.Combine(folder.FullName, "train.rec");
        Faces.SaveAsRecordIO(photographs, path);
        IDataView view = Faces.LoadFromRecordIO(path);
        CollectionAssert.AreEqual(new uint[] { 1, 1, 2, 2, 3, 3 }, view.GetColumn<uint>("Label").ToArray());
        CollectionAssert.AreEqual(
            photographs.GetColumn<string>("ImagePath").Select(file => Convert.ToHexString(File.ReadAllBytes(file))).ToArray(),
            view.GetColumn<byte[]>("ImageBytes").Select(Convert.ToHexString).ToArray());
        Assert.AreEqual("3,112,112\n", File.ReadAllText(Path.Combine(folder.FullName, "property")));

        // Three records of people follow the six images; the set's header counts both.
        Assert.HasCount(10, File.ReadAllLines(Path.Combine(folder.FullName, "train.idx")));
    }

    [TestMethod]
    public void LoadFromRecordIO_IdentitiesInTwoUnicodeForms_AreOnePersonWithANote()
    {
        using var people = new DrawnPeople(people: 3, picturesPerPerson: 2);
        string path = Path.Combine(people.Folder, "train.rec"), identities = Path.Combine(people.Folder, "identities.txt");
        Faces.SaveAsRecordIO(Faces.LoadFromFolder(people.Folder), path);
        File.WriteAllText(identities, "Jos\u00E9\nMax\nJose\u0301\n");
        var ml = new MLContext();
        var warnings = new List<string>();
        ml.Log += (_, line) => warnings.Add(line.RawMessage);

        IDataView view = ml.FaceRecognition().LoadFromRecordIO(path);
        CollectionAssert.AreEqual(new uint[] { 1, 1, 2, 2, 1, 1 }, view.GetColumn<uint>("Label").ToArray());
        Assert.IsTrue(warnings.Any(warning => warning.Contains("1 people have two names that differ in their Unicode form alone")));

        File.WriteAllBytes(identities, System.Text.Encoding.Latin1.GetBytes("Ren\u00E9\nMax\nAda\n"));
        Assert.Contains("Line 1 of identities.txt", Assert.ThrowsExactly<FaceDataFormatException>(() => Faces.LoadFromRecordIO(path)).Message);
        VBuffer<ReadOnlyMemory<char>> names = default;
        Faces.LoadFromRecordIO(path, encoding: System.Text.Encoding.Latin1).Schema["Label"].GetKeyValues(ref names);
        Assert.AreEqual("Ren\u00E9", names.DenseValues().First().ToString());
    }

    [TestMethod]
    public void Fit_RecordIOSet_TrainsOnKeysAndKeepsTheNames()
    {
        using var people = new DrawnPeople(people: 2, picturesPerPerson: 4);
        string path = Path.Combine(people.Folder, "train.rec");
        Faces.SaveAsRecordIO(Faces.LoadFromFolder(people.Folder), path);
        IDataView view = Faces.LoadFromRecordIO(path);
        var options = new ArcFaceTrainer.Options { Epochs = 1, BatchSize = 4, EmbeddingSize = 8 };
        using var model = Ml.Transforms.LoadFaceImages("Image", "ImageBytes").Append(Faces.Trainers.ArcFace(options)).Fit(view);
        CollectionAssert.AreEqual(Directory.GetDirectories(people.Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal).ToArray(), model.LastTransformer.PersonNames!.ToArray());
    }

    [TestMethod]
    [DataRow("x\t0\n", "Line 1", DisplayName = "key is no number")]
    [DataRow("0\t0\n1 40\n", "Line 2", DisplayName = "no tab")]
    [DataRow("0\t0\n1\t-4\n", "Line 2", DisplayName = "negative offset")]
    [DataRow("0\t0\n1\t99999999\n", "offset 99999999", DisplayName = "offset beyond the file")]
    [DataRow("0\t0\n1\t99999999999999999999\n", "Line 2", DisplayName = "offset beyond 64 bits")]
    [DataRow("5\t0\n4\t4\n5\t8\n", "key 5 twice", DisplayName = "key twice")]
    [DataRow("0\t4\n", "should start here", DisplayName = "offset within a record")]
    [DataRow("0\t0\n1\t40\n", "some of them missing", DisplayName = "keys missing")]
    [DataRow("", "no records", DisplayName = "empty")]
    public void LoadFromRecordIO_ImproperIndex_SaysWhatIsWrong(string index, string message)
    {
        (byte[] records, _) = WriteSet(images: 5);
        var error = Assert.ThrowsExactly<FaceDataFormatException>(() => Load(records, Encoding.ASCII.GetBytes(index)).GetColumn<uint>("Label").ToArray());
        StringAssert.Contains(error.Message, message);
    }

    [TestMethod]
    public void LoadFromRecordIO_LabelsThatAreNoClasses_AreRefused()
    {
        foreach (float label in new[] { -1f, 0.5f, float.NaN, 1 << 24 })
        {
            (byte[] records, byte[] index) = Write([[1]], _ => label);
            StringAssert.Contains(Assert.ThrowsExactly<FaceDataFormatException>(() => Load(records, index)).Message, "it must be a whole number from 0");
        }

        (byte[] set, byte[] setIndex) = WriteSet(images: 6);
        StringAssert.Contains(Assert.ThrowsExactly<FaceDataFormatException>(() => Load(set, setIndex, "two,112,112")).Message, "begins with 'two,112,112'");
        StringAssert.Contains(Assert.ThrowsExactly<FileNotFoundException>(() => Faces.LoadFromRecordIO("absent.rec")).Message, "'absent.rec' does not exist");
    }

    [TestMethod]
    [DataRow(7)]
    [DataRow(2)]
    public void LoadFromRecordIO_PropertyOfAnotherSet_IsToldAndTheRecordsCount(int people)
    {
        (byte[] records, byte[] index) = WriteSet(images: 6);
        (RecordDataView view, string[] warnings) = LoadWithWarnings(records, index, $"{people},112,112");
        Assert.AreEqual(new KeyDataViewType(typeof(uint), 3), view.Schema["Label"].Type);
        StringAssert.Contains(warnings.Single(), $"says that there are {people} people, but the first record describes 3");
        Assert.IsEmpty(LoadWithWarnings(records, index, "3,112,112").Warnings);
    }

    [TestMethod]
    public void LoadFromRecordIO_IndexThatLacksRecords_IsTold()
    {
        (byte[] records, byte[] index) = WriteSet(images: 6);
        string[] lines = Encoding.ASCII.GetString(index).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        byte[] Of(IEnumerable<string> some) => Encoding.ASCII.GetBytes(string.Join('\n', some));

        // Without the first record its people would be taken for images.
        StringAssert.Contains(Assert.ThrowsExactly<FaceDataFormatException>(() => Load(records, Of(lines[1..]))).Message, "The .idx beside 'set.rec' lacks the record at byte 0");
        string[] warnings = LoadWithWarnings(records, Of(lines[..^1])).Warnings;
        Assert.IsTrue(warnings.Any(warning => warning.Contains("promises the keys 1 to 9, but there are 8", StringComparison.Ordinal)), string.Join('\n', warnings));
        Assert.IsTrue(warnings.Any(warning => warning.Contains("is passed over", StringComparison.Ordinal)), string.Join('\n', warnings));

        (records, index) = Write([[1], [2], [3]], _ => 0);
        lines = Encoding.ASCII.GetString(index).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.IsEmpty(LoadWithWarnings(records, index).Warnings);
        foreach (string[] part in new[] { lines[1..], lines[..^1] })
        {
            StringAssert.Contains(LoadWithWarnings(records, Of(part)).Warnings.Single(), "The .idx beside 'set.rec' names 2 records");
        }
    }

    [TestMethod]
    public void Load_DamagedPicture_NamesRecordAndFile()
    {
        using var people = new DrawnPeople(people: 2, picturesPerPerson: 2);
        string path = Path.Combine(people.Folder, "train.rec");
        Faces.SaveAsRecordIO(Faces.LoadFromFolder(people.Folder), path);
        long third = long.Parse(File.ReadLines(Path.ChangeExtension(path, ".idx")).ElementAt(3).Split('\t')[1], CultureInfo.InvariantCulture);
        byte[] bytes = File.ReadAllBytes(path);
        Array.Clear(bytes, (int)third + 32, 100);
        File.WriteAllBytes(path, bytes);
        IDataView view = Faces.LoadFromRecordIO(path);

        // Whichever columns are asked for, and whatever the column is called afterwards.
        IDataView renamed = Ml.Transforms.CopyColumns("Bytes", "ImageBytes").Fit(view).Transform(view);
        foreach ((IDataView rows, string column) in new[] { (view, "ImageBytes"), (renamed, "Bytes") })
        {
            IDataView images = Ml.Transforms.LoadFaceImages("Image", column).Fit(rows).Transform(rows);
            StringAssert.StartsWith(Assert.ThrowsExactly<FaceImageException>(() => Widths(images).Count()).Message, $"The image in record 3 of '{path}' cannot be read: ");
        }

        IDataView skipping = Ml.Transforms.LoadFaceImages("Image", "ImageBytes", unreadableImages: UnreadableImages.Skip).Fit(view).Transform(view);
        string message = Assert.ThrowsExactly<InvalidOperationException>(() => Faces.Trainers.ArcFace(new ArcFaceTrainer.Options { Epochs = 1, EmbeddingSize = 8 }).Fit(skipping)).Message;
        StringAssert.Contains(message, $"1 of 4 rows have no photograph in the image column 'Image' (row 2, record 3 of '{path}')");
    }

    [TestMethod]
    public void LoadFromRecordIO_FileOfAnotherKind_IsNamed()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("train.rec", "<html></html>"u8.ToArray());
        string message = Assert.ThrowsExactly<FaceDataFormatException>(() => Faces.LoadFromRecordIO(path)).Message;
        StringAssert.StartsWith(message, $"'{path}' cannot be read as a RecordIO file. It is a web page (HTML), not a RecordIO file (.rec). ");
    }

    private static (RecordDataView View, string[] Warnings) LoadWithWarnings(byte[] records, byte[] index, string? property = null)
    {
        var warnings = new List<string>();
        void Keep(object? sender, LoggingEventArgs line)
        {
            if (line.Kind == ChannelMessageKind.Warning)
            {
                warnings.Add(line.RawMessage);
            }
        }

        Ml.Log += Keep;
        RecordDataView view = Load(records, index, property);
        Ml.Log -= Keep;
        return (view, [.. warnings]);
    }

    private static IDataView Small(int images)
    {
        (byte[] records, byte[] index) = WriteSet(images);
        return Load(records, index);
    }

    private static RecordDataView Load(byte[] records, byte[]? index, string? property = null)
    {
        using IChannel channel = ((IHostEnvironment)Ml).Start("Test");
        return RecordDataView.Load(channel, ByteSource.Of(records), "set.rec", index is null ? null : ByteSource.Of(index), property is null ? null : new StringReader(property), names: null, "ImageBytes");
    }

    /// <summary>A set as InsightFace has it: header, images of three people in turn, three records of people.</summary>
    private static (byte[] Records, byte[] Index) WriteSet(int images, Func<int, byte[]>? image = null)
    {
        using MemoryStream records = new(), index = new();
        var writer = new RecordWriter(records, index);
        writer.Write(0, [images + 1, images + 4], 0, []);
        for (int key = 1; key <= images; key++)
        {
            writer.Write(key, [], key % 3, image?.Invoke(key) ?? [(byte)key, 1, 2]);
        }

        for (int person = 0; person < 3; person++)
        {
            writer.Write(images + 1 + person, [1, 2], person, []);
        }

        return (records.ToArray(), index.ToArray());
    }

    /// <summary>A set as im2rec writes it: images alone, from key 0 on.</summary>
    private static (byte[] Records, byte[] Index) Write(IEnumerable<byte[]> images, Func<int, float> label)
    {
        using MemoryStream records = new(), index = new();
        var writer = new RecordWriter(records, index);
        foreach ((int key, byte[] image) in images.Index())
        {
            writer.Write(key, [], label(key), image);
        }

        return (records.ToArray(), index.ToArray());
    }

    private static int Occurrences(byte[] bytes, byte[] pattern) =>
        Enumerable.Range(0, bytes.Length / 4).Count(word => bytes.AsSpan(word * 4).StartsWith(pattern));

    private static IEnumerable<int> Widths(IDataView view)
    {
        using DataViewRowCursor cursor = view.GetRowCursor([view.Schema["Image"]]);
        ValueGetter<MLImage> getImage = cursor.GetGetter<MLImage>(view.Schema["Image"]);
        MLImage image = null!;
        while (cursor.MoveNext())
        {
            getImage(ref image);
            yield return image.Width;
        }
    }
}
