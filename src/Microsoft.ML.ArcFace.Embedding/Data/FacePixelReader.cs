using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Data;

/// <summary>
/// Reads the faces of an image column, whichever of the two kinds it has: an image, or planar RGB numbers as
/// ExtractPixels gives them.
/// </summary>
internal static class FacePixelReader
{
    private const string Expected = "image or Vector<Single, 37632>";

    /// <summary>Copies the face of the current row; false if the row has none (a null image).</summary>
    public delegate bool Getter(Span<byte> rgb);

    /// <summary>Whether a column of this kind holds faces.</summary>
    public static bool Accepts(DataViewType type) =>
        type is ImageDataViewType || (type is VectorDataViewType { Size: FaceTensor.ByteCount } vector && vector.ItemType == NumberDataViewType.Single);

    /// <summary>The column of that name, checked.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is none, or it is of another kind.</exception>
    public static DataViewSchema.Column Column(IExceptionContext context, DataViewSchema schema, string name) =>
        SchemaCheck.Find(context, schema, name, Expected, Accepts);

    /// <summary>The same check on an estimator's schema.</summary>
    public static void Check(IExceptionContext context, SchemaShape schema, string name) =>
        SchemaCheck.Check(context, schema, name, Expected, column =>
            (column.Kind == SchemaShape.Column.VectorKind.Scalar && column.ItemType is ImageDataViewType)
            || (column.Kind == SchemaShape.Column.VectorKind.Vector && column.ItemType == NumberDataViewType.Single));

    /// <summary>The getter of a row's faces.</summary>
    /// <param name="row">The row.</param>
    /// <param name="column">The column of faces.</param>
    /// <param name="look">Is shown each image with what to call it; null: nobody is.</param>
    public static Getter Create(DataViewRow row, DataViewSchema.Column column, Action<MLImage, Func<string>>? look = null)
    {
        if (column.Type is ImageDataViewType)
        {
            ValueGetter<MLImage> getImage = row.GetGetter<MLImage>(column);
            MLImage? image = null;
            string Name() => string.IsNullOrEmpty(image!.Tag) ? $"of row {row.Position} in the column '{column.Name}'" : $"'{image.Tag}'";
            return rgb =>
            {
                getImage(ref image!);
                if (image is null)
                {
                    return false;
                }

                look?.Invoke(image, Name);
                FaceTensor.FromImage(image, rgb);
                return true;
            };
        }

        ValueGetter<VBuffer<float>> getPixels = row.GetGetter<VBuffer<float>>(column);
        VBuffer<float> pixels = default;
        float[] dense = new float[FaceTensor.ByteCount];
        return rgb =>
        {
            getPixels(ref pixels);
            pixels.CopyTo(dense);
            FaceTensor.FromPlanar(dense, rgb);
            return true;
        };
    }
}
