namespace Microsoft.ML.ArcFace.Tests.Gallery;

/// <summary>Opens a gallery, says whether it could, and keeps it open until its input ends.</summary>
internal static class OneOpening
{
    public const string Name = "open-gallery";

    public static void Run(string path)
    {
        try
        {
            using FaceGallery gallery = GalleryVectors.Open(path);
            Console.WriteLine("opened");
            Console.In.ReadToEnd();
        }
        catch (FaceGalleryException error)
        {
            Console.WriteLine(error.Problem);
            Console.In.ReadToEnd();
        }
    }
}
