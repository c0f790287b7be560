namespace Microsoft.ML.ArcFace;

/// <summary>Lists published files of face recognizers that are known by their SHA-256, with the pixels that they read.</summary>
public static class KnownFaceFiles
{
    private const string NonCommercial = "non-commercial research purposes only", Apache = "Apache-2.0";
    private const string InsightFace = "https://github.com/deepinsight/insightface/tree/master/model_zoo";

    /// <summary>The files.</summary>
    public static IReadOnlyList<KnownFaceFile> All { get; } = Array.AsReadOnly((KnownFaceFile[])
    [
        new("w600k_r50.onnx", "InsightFace (buffalo_l, buffalo_m)", InsightFace, NonCommercial, 174_383_860, "4c06341c33c2ca1f86781dab0e829f88ad5b64be9fba56e56bc9ebdefc619e43", FacePixels.Standard, 512),
        new("w600k_mbf.onnx", "InsightFace (buffalo_s, buffalo_sc)", InsightFace, NonCommercial, 13_616_099, "9cc6e4a75f0e2bf0b1aed94578f144d15175f357bdc05e815e5c4a02b319eb4f", FacePixels.Standard, 512),
        new("glintr100.onnx", "InsightFace (antelopev2)", InsightFace, NonCommercial, 260_665_334, "4ab1d6435d639628a6f3e5008dd4f929edf4c4124b1a7169e1048f9fef534cdf", FacePixels.Standard, 512),
        new("glintr100.onnx", "AuraFace (fal)", "https://huggingface.co/fal/AuraFace-v1", Apache, 260_694_151, "a7933ea5330113b01c9b60351d8f4c33003f145d8470ac5f0e52ee2effe25c60", FacePixels.Standard, 512),
        new("face_recognition_sface_2021dec.onnx", "OpenCV zoo (SFace)", "https://github.com/opencv/opencv_zoo/tree/main/models/face_recognition_sface", Apache, 38_696_353, "0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79", FacePixels.Unscaled, 128),
        new("MobileFaceNet.onnx", "foamliu (MobileFaceNet)", "https://github.com/foamliu/MobileFaceNet", Apache, 3_998_070, "b7120c095d60094f28a4a54ba6a8bf51b297a6273fb40ef6350dfec1f63d9507", FacePixels.ImageNet, 128),
    ]);

    /// <summary>Finds a file.</summary>
    /// <param name="sha256">The SHA-256 of its bytes in hexadecimal digits, in any letter case.</param>
    /// <returns>The file; null if it is not known.</returns>
    public static KnownFaceFile? Find(string sha256) => All.FirstOrDefault(file => string.Equals(file.Sha256, sha256, StringComparison.OrdinalIgnoreCase));
}
