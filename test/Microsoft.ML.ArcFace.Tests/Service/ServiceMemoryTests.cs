using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Runtime.Versioning;
using System.Text.RegularExpressions;
using Microsoft.ML.ArcFace.Tests.Embedding;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Tests.Tool;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Tests.Service;

/// <summary>The service under siege, as a process of its own on Kestrel: the most memory that it ever had, as the system counts it.</summary>
[TestClass]
[OSCondition(OperatingSystems.Linux)]
[SupportedOSPlatform("linux")]
public partial class ServiceMemoryTests
{
    private const long MostBytes = 1L << 30;
    private const int BodyBytes = 10_000_000, ClaimedSide = 8000;

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    [DataRow(60, 2, 8)]
    public Task Flood_OfLargeBodiesAndPictures_StaysBelowOneGibibyte(int bodies, int pictures, int claims) => SiegeAsync(bodies, pictures, claims);

    /// <summary>The same, as large as it was when the service had none of its bounds.</summary>
    [TestMethod]
    [RequiresIntegration]
    [DataRow(200, 20, 8)]
    public Task Siege_OfLargeBodiesAndPictures_StaysBelowOneGibibyte(int bodies, int pictures, int claims) => SiegeAsync(bodies, pictures, claims);

    private async Task SiegeAsync(int bodies, int pictures, int claims)
    {
        using var folder = new DrawnPeople(people: 1, picturesPerPerson: 1);
        string zip = Path.Combine(folder.Folder, "faces.zip");
        var ml = new MLContext(seed: 1);
        IDataView rows = ml.FaceRecognition().LoadFromFolder(folder.Folder);
        using (FaceEmbeddingTransformer embedding = FaceEmbeddingTransformerTests.Create())
        {
            ml.Model.Save(ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(rows).Append(embedding), rows.Schema, zip);
        }

        using ToolProcess service = ToolProcess.Start("serve", "--model", zip, "--gallery", Path.Combine(folder.Folder, "people.db"), "--cosine", "0.5", "--urls", "http://127.0.0.1:0", "--request-timeout", "600");
        service.WaitFor("Listening on ");
        using var client = new HttpClient { BaseAddress = new Uri(Listening().Match(service.Said).Groups[1].Value + "/v1/"), Timeout = TimeSpan.FromMinutes(8) };
        long atStart = MostMemory(service);

        // A whole picture, and nothing behind it: read to its end, decoded and embedded.
        byte[] large = [.. EncodedImages.Gradient(90, 60, SKEncodedImageFormat.Jpeg), .. new byte[BodyBytes]];
        await SendAsync(client, bodies, large[..BodyBytes], "image/jpeg", HttpStatusCode.Conflict);
        long afterBodies = MostMemory(service);
        await SendAsync(client, pictures, EncodedImages.GrayPng(6900, 4600, new byte[4600 * 6901]), "image/png", HttpStatusCode.Conflict);
        await SendAsync(client, pictures, EncodedImages.GrayPng(9600, 6400, new byte[6400 * 9601]), "image/png", HttpStatusCode.Conflict);
        long afterPictures = MostMemory(service);
        byte[] claiming = Claiming(EncodedJpegs.Encode(64, 64, 3, (2, 2), progressive: true, restart: 0));
        await SendAsync(client, claims, claiming, "image/jpeg", HttpStatusCode.BadRequest);
        byte[] whole = EncodedJpegs.Encode(3600, 2400, 3, (1, 1), progressive: true, restart: 0);
        await SendAsync(client, claims, whole, "image/jpeg", HttpStatusCode.Conflict);
        string course = $"{atStart >> 20} MiB at the start, {afterBodies >> 20} after {bodies} bodies of {BodyBytes} bytes, {afterPictures >> 20} after {2 * pictures} large PNGs, {MostMemory(service) >> 20} after {claims} JPEGs that claim {ClaimedSide}×{ClaimedSide} and {claims} progressive ones";
        TestContext.WriteLine(course);
        Assert.IsLessThan(MostBytes, MostMemory(service), course);
    }

    /// <summary>All at once; each is answered.</summary>
    private static async Task SendAsync(HttpClient client, int count, byte[] body, string type, params HttpStatusCode[] expected)
    {
        await Task.WhenAll(Enumerable.Range(0, count).Select(async _ =>
        {
            using var content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue(type) } };
            using HttpResponseMessage answer = await client.PostAsync("identify", content);
            Assert.Contains(answer.StatusCode, expected, $"{answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
        }));
    }

    /// <summary>A JPEG whose header says another size than its data are of.</summary>
    private static byte[] Claiming(byte[] jpeg)
    {
        byte[] claiming = [.. jpeg];
        int frame = claiming.AsSpan().IndexOf([(byte)0xFF, (byte)0xC2]);
        foreach (int at in new[] { frame + 5, frame + 7 })
        {
            (claiming[at], claiming[at + 1]) = (ClaimedSide >> 8, ClaimedSide & 255);
        }

        return claiming;
    }

    private static long MostMemory(ToolProcess process)
    {
        string line = File.ReadLines($"/proc/{process.Id}/status").Single(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) << 10;
    }

    [GeneratedRegex(@"Listening on (\S+)")]
    private static partial Regex Listening();
}
