using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Views;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests.Views;

/// <summary>The view over a list against ML.NET's own, which compiles code at run time.</summary>
[TestClass]
public class ListDataViewTests
{
    private static readonly MLContext Ml = new(seed: 1);

    private sealed class Row
    {
        public string Name { get; set; } = "";

        [VectorType(2)]
        public float[] Point { get; set; } = [];

        public float Quality { get; set; }

        public int Count { get; set; }
    }

    private static readonly Row[] Rows = [.. Enumerable.Range(0, 23).Select(i => new Row { Name = $"{i}", Point = [i, -i], Quality = i / 2f, Count = -i })];

    [TestMethod]
    public void Schema_OfEachKind_IsThatOfMLNet()
    {
        IDataView ours = Ours(), theirs = OfMLNet();
        CollectionAssert.AreEqual(theirs.Schema.Select(column => (column.Name, column.Type)).ToArray(), ours.Schema.Select(column => (column.Name, column.Type)).ToArray());
        Assert.AreEqual(theirs.Schema.Sum(column => column.Annotations.Schema.Count), ours.Schema.Sum(column => column.Annotations.Schema.Count));
        Assert.AreEqual((theirs.GetRowCount(), theirs.CanShuffle), (ours.GetRowCount(), ours.CanShuffle));
    }

    [TestMethod]
    [DataRow(null)]
    [DataRow(5)]
    public void Rows_InAnyOrder_AreThoseOfMLNet(int? seed)
    {
        IDataView ours = Ours(), theirs = OfMLNet();
        CollectionAssert.AreEqual(Read(theirs, seed).ToArray(), Read(ours, seed).ToArray());
        Assert.AreEqual(seed is not null, Read(ours, seed).Select(row => row.Count).Zip(Read(ours, null).Select(row => row.Count)).Any(pair => pair.First != pair.Second));
    }

    [TestMethod]
    public void Rows_CachedShuffledAndFiltered_AreRead()
    {
        IDataView view = Ml.Data.Cache(Ml.Data.FilterRowsByColumn(Ml.Data.ShuffleRows(Ours(), seed: 2), "Quality", lowerBound: 1, upperBound: 4));
        CollectionAssert.AreEquivalent(new[] { 2, 3, 4, 5, 6, 7 }.Select(i => -i).ToArray(), view.GetColumn<int>("Count").ToArray());
        CollectionAssert.AreEqual(new float[] { 22, -22 }, Ours().GetColumn<float[]>("Point").Last());
    }

    [TestMethod]
    public void FoldersAndLists_HoldTheirColumns_AsBefore()
    {
        using var folder = new TemporaryFolder();
        folder.Write("people/Ada/1.jpg", [1]);
        folder.Write("people/Bob/1.png", [1]);
        FaceRecognitionCatalog faces = Ml.FaceRecognition();
        IDataView[] views = [faces.LoadFromFolder(Path.Combine(folder.FullName, "people")), faces.LoadFromList(folder.Write("list.tsv", "Ada/1.jpg\tAda\nBob/1.png\tBob\n"u8.ToArray()), Path.Combine(folder.FullName, "people"))];
        foreach (IDataView view in views)
        {
            CollectionAssert.AreEqual(
                new[] { ("ImagePath", (DataViewType)TextDataViewType.Instance), ("Label", TextDataViewType.Instance), ("RelativePath", TextDataViewType.Instance) },
                view.Schema.Select(column => (column.Name, column.Type)).ToArray());
            CollectionAssert.AreEqual(new[] { "Ada", "Bob" }, view.GetColumn<string>("Label").ToArray());
            CollectionAssert.AreEqual(new[] { "Ada/1.jpg", "Bob/1.png" }, view.GetColumn<string>("RelativePath").ToArray());
            Assert.IsTrue(view.GetColumn<string>("ImagePath").All(File.Exists));
            Assert.AreEqual((2L, true), (view.GetRowCount(), view.CanShuffle));
        }
    }

    /// <summary>ML.NET's view over a list, which the library does without; it is internal.</summary>
    private static IDataView OfMLNet() => (IDataView)typeof(MLContext).Assembly.GetType("Microsoft.ML.Data.DataViewConstructionUtils", throwOnError: true)!
        .GetMethods().Single(method => method.Name == "CreateFromList").MakeGenericMethod(typeof(Row)).Invoke(null, [Ml, Rows, null])!;

    private static ListDataView<Row> Ours() => new(Rows,
    [
        ViewColumn<Row>.OfText("Name", row => row.Name),
        ViewColumn<Row>.OfVector("Point", 2, row => row.Point),
        ViewColumn<Row>.OfSingle("Quality", row => row.Quality),
        ViewColumn<Row>.OfInt32("Count", row => row.Count),
    ]);

    private static List<(string Name, string Point, float Quality, int Count, DataViewRowId Id)> Read(IDataView view, int? seed)
    {
        using DataViewRowCursor cursor = view.GetRowCursor(view.Schema, seed is { } start ? new Random(start) : null);
        var getName = cursor.GetGetter<ReadOnlyMemory<char>>(view.Schema["Name"]);
        var getPoint = cursor.GetGetter<VBuffer<float>>(view.Schema["Point"]);
        var getQuality = cursor.GetGetter<float>(view.Schema["Quality"]);
        var getCount = cursor.GetGetter<int>(view.Schema["Count"]);
        ValueGetter<DataViewRowId> getId = cursor.GetIdGetter();
        var rows = new List<(string, string, float, int, DataViewRowId)>();
        while (cursor.MoveNext())
        {
            ReadOnlyMemory<char> name = default;
            VBuffer<float> point = default;
            float quality = 0;
            int count = 0;
            DataViewRowId id = default;
            getName(ref name);
            getPoint(ref point);
            getQuality(ref quality);
            getCount(ref count);
            getId(ref id);
            rows.Add((name.ToString(), string.Join(' ', point.DenseValues()), quality, count, id));
        }

        return rows;
    }
}
