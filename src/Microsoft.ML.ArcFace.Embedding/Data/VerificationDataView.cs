using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Data.InsightFace;
using Microsoft.ML.ArcFace.Views;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace;

/// <summary>
/// The images of a .bin of verification pairs (lfw.bin, cfp_fp.bin, agedb_30.bin, …) as rows of ImageBytes and
/// RelativePath, two for each pair, and the <see cref="Pairs"/> that name them. An image is read when its row is.
/// </summary>
public sealed class VerificationDataView : IDataView
{
    private readonly ImageView _images;

    internal VerificationDataView(VerificationFile file, string imageColumnName, int folds)
    {
        _images = new ImageView(file, imageColumnName);
        Pairs = [.. Enumerable.Range(0, file.IsSamePerson.Length)
            .Select(pair => new FacePair(file.NameOf(2 * pair), file.NameOf((2 * pair) + 1), file.IsSamePerson[pair], FoldOf(pair, file.IsSamePerson.Length, folds)))];
    }

    /// <summary>The pairs in the order of the file, in folds of equal size as the published protocol makes them.</summary>
    public IReadOnlyList<FacePair> Pairs { get; }

    /// <inheritdoc/>
    public bool CanShuffle => _images.CanShuffle;

    /// <inheritdoc/>
    public DataViewSchema Schema => _images.Schema;

    /// <summary>Two for each pair.</summary>
    public long? GetRowCount() => _images.GetRowCount();

    /// <inheritdoc/>
    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null) => _images.GetRowCursor(columnsNeeded, rand);

    /// <inheritdoc/>
    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) => _images.GetRowCursorSet(columnsNeeded, n, rand);

    /// <summary>As scikit-learn's KFold without shuffling: the first folds have one more if the pairs do not divide.</summary>
    private static int FoldOf(int pair, int pairs, int folds)
    {
        int size = pairs / folds, larger = pairs % folds, inLarger = larger * (size + 1);
        return pair < inLarger ? pair / (size + 1) : larger + ((pair - inLarger) / size);
    }

    private sealed class ImageView(VerificationFile file, string imageColumnName) : IndexedDataView(CreateSchema(imageColumnName, file.Path), file.ImageCount)
    {
        protected override IIndexedRow Open(bool[] active) => new Row(file);

        private static DataViewSchema CreateSchema(string imageColumnName, string path)
        {
            var builder = new DataViewSchema.Builder();
            builder.AddColumn(imageColumnName, new VectorDataViewType(NumberDataViewType.Byte), ImageOrigin.Annotate(path, FaceFolder.RelativePathColumn));
            builder.AddColumn(FaceFolder.RelativePathColumn, TextDataViewType.Instance);
            return builder.ToSchema();
        }
    }

    private sealed class Row(VerificationFile file) : IIndexedRow
    {
        private int _row;

        public void MoveTo(int row) => _row = row;

        public Delegate CreateGetter(int column) => column == 0
            ? (ValueGetter<VBuffer<byte>>)((ref VBuffer<byte> value) =>
            {
                byte[] image = file.Image(_row);
                value = new VBuffer<byte>(image.Length, image);
            })
            : (ValueGetter<ReadOnlyMemory<char>>)((ref ReadOnlyMemory<char> value) => value = file.NameOf(_row).AsMemory());
    }
}
